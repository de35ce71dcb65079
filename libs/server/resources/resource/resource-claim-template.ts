import { fieldPath, validateLabels } from '@drydock/base/apimachinery';
import type { ResourceClaimTemplate } from '@drydock/api/resource/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn } from '../common/index.ts';
import { adminAccessErrors, claimSpecErrors, defaultClaimSpec } from './claim-errors.ts';

const spec = fieldPath('spec');

/** resource.k8s.io/v1 ResourceClaimTemplate: what the claims of Pods are made from. */
export const resourceClaimTemplateDefinition: ResourceDefinition<ResourceClaimTemplate> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  resource: 'resourceclaimtemplates',
  singular: 'resourceclaimtemplate',
  namespaced: true,
  schema: 'k8s.io.api.resource.v1.ResourceClaimTemplate',
  strategy: {
    generation: false,
    defaults: ({ spec: template }) => defaultClaimSpec(template?.spec),
    validate: ({ spec: template, metadata }, context) => [
      ...validateLabels(template?.metadata?.labels, spec.child('metadata', 'labels')),
      ...claimSpecErrors(template?.spec, spec.child('spec')),
      ...adminAccessErrors(template?.spec, spec.child('spec'), metadata.namespace, context),
    ],
    updatesValidateAlone: true,
    validateUpdate: (object, old) => immutable(object.spec, old.spec, spec),
  },
  columns: [nameColumn as never, ageColumn as never],
};
