import type { ResourceDefinition } from '../../registry/types.ts';
import { selfSubjectReviewDefinition } from './self-subject-review.ts';
import type { TokenAuthenticator } from '../../authn/index.ts';
import { createTokenReviewDefinition, noTokens } from './token-review.ts';

export { createTokenReviewDefinition, noTokens, selfSubjectReviewDefinition };

/** All of authentication.k8s.io/v1; tokens are looked up by `authenticator`. */
export function createAuthenticationDefinitions(authenticator: TokenAuthenticator): ResourceDefinition[] {
  return [selfSubjectReviewDefinition, createTokenReviewDefinition(authenticator)];
}

/** All of authentication.k8s.io/v1 where no token is known. */
export const authenticationDefinitions: ResourceDefinition[] = createAuthenticationDefinitions(noTokens);
