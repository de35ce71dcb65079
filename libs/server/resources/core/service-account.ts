import type { ServiceAccount } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, integerColumn, nameColumn } from '../common/index.ts';

/** core/v1 ServiceAccount. */
export const serviceAccountDefinition: ResourceDefinition<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.ServiceAccount',
  strategy: { returnDeletedObject: true, generation: false },
  columns: [
    nameColumn as never,
    integerColumn(
      'Secrets',
      'Number of secrets that Pods of the account may use.',
      (account: ServiceAccount) => account.secrets?.length,
    ) as never,
    ageColumn as never,
  ],
};
