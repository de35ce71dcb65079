import { createHash, timingSafeEqual } from 'node:crypto';
import { unauthorized } from '@drydock/base/apimachinery';
import type { Authenticate } from './caller.ts';

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * Lets in who shows one of these tokens, or a client certificate that TLS has verified. `tokens` is asked at every call,
 * so that a token can be replaced while both the old and the new one are valid.
 */
export function acceptTokens(tokens: () => readonly string[]): Authenticate {
  return ({ token, certificate }) => {
    if (certificate !== undefined) return;
    if (token !== undefined) {
      const shown = digest(token);
      let known = false;
      // All are compared, each in constant time: the time taken tells nothing.
      for (const one of tokens()) known = timingSafeEqual(digest(one), shown) || known;
      if (known) return;
    }
    throw unauthorized();
  };
}
