import type { ServiceAccount } from '@drydock/api/core/v1';
import type { ServiceAccountTokens } from '../../authn/index.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, textColumn, nameColumn } from '../common/index.ts';
import { createTokenRequest } from './token-request.ts';

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets';

/** Secrets are those of the account's namespace: nothing but their names is kept. */
function namesOnly(account: ServiceAccount): void {
  if (account.secrets !== undefined) account.secrets = account.secrets.map(({ name = '' }) => ({ name }));
}

/** core/v1 ServiceAccount. Its tokens come from `tokens`. */
export function createServiceAccountDefinition(
  tokens: ServiceAccountTokens | undefined,
): ResourceDefinition<ServiceAccount> {
  return {
    group: '',
    version: 'v1',
    kind: 'ServiceAccount',
    resource: 'serviceaccounts',
    singular: 'serviceaccount',
    shortNames: ['sa'],
    namespaced: true,
    schema: 'k8s.io.api.core.v1.ServiceAccount',
    strategy: {
      returnDeletedObject: true,
      generation: false,
      prepareForCreate: namesOnly,
      prepareForUpdate: namesOnly,
      warnings: ({ metadata }) =>
        metadata.annotations?.[mountableSecrets] === undefined
          ? []
          : [
              `metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
            ],
    },
    columns: [
      nameColumn as never,
      textColumn(
        'Secrets',
        'Number of secrets that Pods of the account may use.',
        (account) => account.secrets?.length ?? 0,
      ),
      ageColumn as never,
    ],
    subresources: { token: createTokenRequest(tokens) },
  };
}

/** Where nobody issues tokens. */
export const serviceAccountDefinition = createServiceAccountDefinition(undefined);
