import { badRequest } from '@drydock/base/apimachinery';
import type { TokenReview, TokenReviewStatus } from '@drydock/api/authentication/v1';
import type { ResourceDefinition, UserInfo } from '../../registry/types.ts';
import { wireUserInfo } from './user-info.ts';

/** Tells whose token it is. Undefined: nobody's; a rejection becomes the review's error. */
export interface TokenAuthenticator {
  authenticate(
    token: string,
    audiences: readonly string[],
  ): Promise<{ readonly user: UserInfo; readonly audiences?: readonly string[] } | undefined>;
}

/** Knows no token. */
export const noTokens: TokenAuthenticator = {
  authenticate: () => Promise.resolve(undefined),
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
    async virtualCreate(object) {
      const token = object.spec?.token ?? '';
      if (token === '') throw badRequest('token is required for TokenReview in authentication');
      return { ...object, status: await review(authenticator, token, object.spec.audiences ?? []) };
    },
  };
}

async function review(
  authenticator: TokenAuthenticator,
  token: string,
  audiences: readonly string[],
): Promise<TokenReviewStatus> {
  try {
    const found = await authenticator.authenticate(token, audiences);
    // An empty user stands in the answer of a token that nobody has.
    if (found === undefined) return { user: {} };
    const status: TokenReviewStatus = { authenticated: true, user: wireUserInfo(found.user) };
    return found.audiences === undefined ? status : { ...status, audiences: [...found.audiences] };
  } catch (error) {
    return { user: {}, error: error instanceof Error ? error.message : String(error) };
  }
}
