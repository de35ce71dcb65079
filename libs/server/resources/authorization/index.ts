import type { ResourceDefinition } from '../../registry/types.ts';
import { alwaysAllow } from './authorizer.ts';
import { createAuthorizationDefinitions } from './reviews.ts';

export type {
  AuthorizationDecision,
  AuthorizationRequest,
  AuthorizationRules,
  Authorizer,
  NonResourceRule,
  ResourceRule,
} from './authorizer.ts';
export { alwaysAllow, createAuthorizationDefinitions };

/** All of authorization.k8s.io/v1 where everybody may do everything. */
export const authorizationDefinitions: ResourceDefinition[] = createAuthorizationDefinitions(alwaysAllow);
