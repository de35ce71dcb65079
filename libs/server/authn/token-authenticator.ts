import type { UserInfo } from '../registry/types.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

export interface AuthenticatedToken {
  readonly user: UserInfo;
  /** For whom the token is meant, of those that were asked for. */
  readonly audiences: readonly string[];
}

/** Knows whose token it is. */
export interface TokenAuthenticator {
  /**
   * Undefined: nobody's. `audiences`: who is to accept it; none asks for the API server itself.
   * @throws Error saying why a known token is not good
   */
  authenticate(token: string, audiences: readonly string[]): AuthenticatedToken | undefined;
}

/** Asks the static tokens, then the service accounts. Static tokens are good for the API server only. */
export function createTokenAuthenticator(
  tokens: ReadonlyMap<string, UserInfo>,
  accounts: ServiceAccountTokens | undefined,
): TokenAuthenticator {
  return {
    authenticate(token, asked) {
      const own = accounts?.audiences ?? [];
      const audiences = asked.length > 0 ? asked : own;
      const user = tokens.get(token);
      if (user !== undefined) {
        const common = own.filter((one) => audiences.includes(one));
        return audiences.length > 0 && common.length === 0 ? undefined : { user, audiences: common };
      }
      return accounts?.authenticate(token, audiences);
    },
  };
}
