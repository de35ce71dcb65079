import type { MutatingWebhookConfiguration } from '@drydock/api/admissionregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, integerColumn, nameColumn } from '../common/index.ts';
import { defaultWebhook, webhooksErrors } from './webhook-errors.ts';

/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration: webhooks that may change objects. */
export const mutatingWebhookConfigurationDefinition: ResourceDefinition<MutatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.api.admissionregistration.v1.MutatingWebhookConfiguration',
  strategy: {
    allowUnconditionalUpdate: false,
    generation: true,
    defaults(object) {
      for (const hook of object.webhooks ?? []) {
        defaultWebhook(hook);
        hook.reinvocationPolicy ??= 'Never';
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
