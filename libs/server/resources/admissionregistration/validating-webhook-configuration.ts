import type { ValidatingWebhookConfiguration } from '@drydock/api/admissionregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, integerColumn, nameColumn } from '../common/index.ts';
import { defaultWebhook, webhooksErrors } from './webhook-errors.ts';

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration: webhooks that may refuse objects. */
export const validatingWebhookConfigurationDefinition: ResourceDefinition<ValidatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  strategy: {
    allowUnconditionalUpdate: false,
    generation: true,
    defaults(object) {
      for (const hook of object.webhooks ?? []) {
        defaultWebhook(hook);
      }
    },
    validate: (object) => webhooksErrors(object.webhooks ?? []),
  },
  columns: [
    nameColumn,
    integerColumn('Webhooks', 'Number of webhooks.', (object) => object.webhooks?.length),
    ageColumn,
  ],
};
