import type { StoreEntry, StoreErrorCode } from './store.ts';

/** The only error a store rejects with. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly key: string | undefined;
  /** For `RevisionMismatch`: what is there now. */
  readonly current: StoreEntry | undefined;
  /** For `Unavailable` and `Refused`: true when the write may have been done all the same. */
  readonly ambiguous: boolean;

  constructor(
    code: StoreErrorCode,
    message: string,
    details: { key?: string; current?: StoreEntry; ambiguous?: boolean; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StoreError';
    this.code = code;
    this.key = details.key;
    this.current = details.current;
    this.ambiguous = details.ambiguous ?? false;
  }
}
