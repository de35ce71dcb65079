import { badRequest } from '@drydock/base/apimachinery';
import type { TokenReview, TokenReviewStatus } from '@drydock/api/authentication/v1';
import type { TokenAuthenticator } from '../../authn/index.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import { wireUserInfo } from './user-info.ts';

/** Knows no token. */
export const noTokens: TokenAuthenticator = {
  authenticate: () => undefined,
};

/** authentication.k8s.io/v1 TokenReview: answers whose token it is. */
export function createTokenReviewDefinition(
  authenticator: TokenAuthenticator,
): ResourceDefinition<TokenReview> {
  return {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenReview',
    resource: 'tokenreviews',
    singular: 'tokenreview',
    namespaced: false,
    verbs: ['create'],
    schema: 'k8s.io.api.authentication.v1.TokenReview',
    strategy: { generation: false },
    virtualCreate(object) {
      const token = object.spec?.token ?? '';
      if (token === '') throw badRequest('token is required for TokenReview in authentication');
      return { ...object, status: review(authenticator, token, object.spec.audiences ?? []) };
    },
  };
}

const refused = 'invalid bearer token';

function review(
  authenticator: TokenAuthenticator,
  token: string,
  audiences: readonly string[],
): TokenReviewStatus {
  try {
    const found = authenticator.authenticate(token, audiences);
    // An empty user stands in the answer of a token that nobody has.
    if (found === undefined) return { user: {}, error: refused };
    const status: TokenReviewStatus = { authenticated: true, user: wireUserInfo(found.user) };
    return found.audiences.length === 0 ? status : { ...status, audiences: [...found.audiences] };
  } catch (error) {
    return { user: {}, error: `[${refused}, ${error instanceof Error ? error.message : String(error)}]` };
  }
}
