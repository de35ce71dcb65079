import type { ResourceDefinition } from '../../registry/types.ts';
import { alwaysAllow } from '../../authz/index.ts';
import { createAuthorizationDefinitions } from './reviews.ts';

export { createAuthorizationDefinitions };

/** All of authorization.k8s.io/v1 where everybody may do everything. */
export const authorizationDefinitions: ResourceDefinition[] = createAuthorizationDefinitions(alwaysAllow);
