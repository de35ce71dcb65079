import { StoreError } from './store-error.ts';

/** The longest key every engine takes, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1900;

/** Throws `InvalidKey` for a key that some engine could not hold. */
export function assertValidKey(key: string): void {
  if (key.length === 0) throw new StoreError('InvalidKey', 'a key must not be empty', { key });
  // A UTF-16 code unit never takes more than three bytes of UTF-8, so most keys need no counting.
  if (key.length * 3 > MAX_KEY_BYTES && new TextEncoder().encode(key).length > MAX_KEY_BYTES) {
    throw new StoreError('InvalidKey', `a key must not be longer than ${MAX_KEY_BYTES} bytes`, { key });
  }
  if (!key.isWellFormed()) throw new StoreError('InvalidKey', 'a key must be well-formed Unicode', { key });
}
