import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import type { AuthenticateResponse } from './gen/etcd.ts';
import type { AuthClient } from './gen/etcd.ts';

/** A user of etcd, where its authentication is enabled. */
export interface EtcdUser {
  readonly name: string;
  readonly password: string;
}

/** What a call shows to etcd. */
export interface Pass {
  readonly metadata: Metadata;
  /** Not good any more: the next pass is a new one. */
  forget(): void;
}

export interface Tokens {
  /** The token in use, or a new one that this member gives. Rejects with a ServiceError. */
  pass(auth: AuthClient, deadline: number): Promise<Pass>;
}

/** For those who need no token. */
export const noTokens: Tokens = {
  pass: () => Promise.resolve({ metadata: new Metadata(), forget: () => undefined }),
};

/** etcd's words, beside those of a code of their own, for a call that it refused before all else because of its token. */
const staleToken = /user name is empty|revision of auth store is old/i;

/** Whether a call was refused because of its token: with a new one it may be made again, whatever it does. */
export function isTokenRefused({ code, details }: ServiceError): boolean {
  return code === status.UNAUTHENTICATED || (code === status.INVALID_ARGUMENT && staleToken.test(details));
}

/**
 * One token for all members, asked for when it is first needed and again when it is refused: those of etcd end some minutes after
 * their last use, or with the member. An etcd that knows no users needs none.
 */
export function createTokens(user: EtcdUser): Tokens {
  let current: Promise<string> | undefined;

  const authenticate = (auth: AuthClient, deadline: number) =>
    new Promise<string>((resolve, reject) => {
      const answer = (error: ServiceError | null, given: AuthenticateResponse) => {
        if (error === null) resolve(given.token);
        else if (error.code === status.FAILED_PRECONDITION && /not enabled/.test(error.details)) resolve('');
        else reject(error);
      };
      auth.authenticate({ ...user }, new Metadata(), { deadline }, answer);
    });

  return {
    async pass(auth, deadline) {
      const asked = (current ??= authenticate(auth, deadline));
      const forget = (): void => {
        // Of many calls that are refused only the first asks anew.
        if (current === asked) current = undefined;
      };
      const metadata = new Metadata();
      try {
        const token = await asked;
        if (token !== '') metadata.set('token', token);
      } catch (error) {
        forget();
        throw error;
      }
      return { metadata, forget };
    },
  };
}
