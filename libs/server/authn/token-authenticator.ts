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

export interface TokenSources {
  readonly staticTokens: ReadonlyMap<string, UserInfo>;
  readonly accounts?: ServiceAccountTokens | undefined;
  /** Whose a bootstrap token is. Default: they are nobody's. */
  readonly bootstrapTokens?: ((token: string) => UserInfo | undefined) | undefined;
}

/** Asks the static tokens, the bootstrap tokens, then the service accounts. Only the last are good for others than the API server. */
export function createTokenAuthenticator({
  staticTokens,
  accounts,
  bootstrapTokens,
}: TokenSources): TokenAuthenticator {
  return {
    authenticate(token, asked) {
      const own = accounts?.audiences ?? [];
      const audiences = asked.length > 0 ? asked : own;
      const user = staticTokens.get(token) ?? bootstrapTokens?.(token);
      if (user !== undefined) {
        const common = own.filter((one) => audiences.includes(one));
        return audiences.length > 0 && common.length === 0 ? undefined : { user, audiences: common };
      }
      return accounts?.authenticate(token, audiences);
    },
  };
}
