import { fieldPath } from '@drydock/base/apimachinery';
import type { ResourceClaim } from '@drydock/api/resource/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn, textColumn } from '../common/index.ts';
import { adminAccessErrors, claimSpecErrors, defaultClaimSpec } from './claim-errors.ts';
import { claimStatusErrors } from './claim-status-errors.ts';

const spec = fieldPath('spec');

function stateText({ metadata, status }: ResourceClaim): string {
  const states = metadata.deletionTimestamp === undefined ? [] : ['deleted'];
  if (status?.allocation === undefined) {
    if (states.length === 0) states.push('pending');
  } else {
    states.push('allocated');
    if ((status.reservedFor ?? []).length > 0) states.push('reserved');
  }
  return states.join(',');
}

/** resource.k8s.io/v1 ResourceClaim: devices that Pods ask for and share. */
export const resourceClaimDefinition: ResourceDefinition<ResourceClaim> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  resource: 'resourceclaims',
  singular: 'resourceclaim',
  namespaced: true,
  schema: 'k8s.io.api.resource.v1.ResourceClaim',
  status: true,
  strategy: {
    generation: false,
    defaults: ({ spec: wanted }) => defaultClaimSpec(wanted),
    validate: ({ spec: wanted, metadata }, context) => [
      ...claimSpecErrors(wanted, spec),
      ...adminAccessErrors(wanted, spec, metadata.namespace, context),
    ],
    updatesValidateAlone: true,
    validateUpdate: (object, old) => immutable(object.spec, old.spec, spec),
    validateStatusUpdate: claimStatusErrors,
  },
  columns: [
    nameColumn as never,
    textColumn('State', 'What has become of the claim.', stateText),
    ageColumn as never,
  ],
};
