/** What one client asked of one key, as every client of a history records it. Each write carries a value of its own. */
export type Request =
  | { readonly kind: 'create'; readonly value: string }
  | { readonly kind: 'update'; readonly value: string; readonly expected: number }
  | { readonly kind: 'delete'; readonly expected: number }
  | { readonly kind: 'get' };

/** What a key holds. */
export interface Held {
  readonly value: string;
  readonly revision: number;
}

export type Outcome =
  /** A write that was acknowledged. A delete's revision is not always told. */
  | { readonly kind: 'written'; readonly revision: number | undefined }
  /** A read. */
  | { readonly kind: 'read'; readonly held: Held | undefined }
  /** A write that was refused for what the key held. */
  | { readonly kind: 'exists' | 'missing' | 'conflict' }
  /** Certainly not done, for no reason of the key's. */
  | { readonly kind: 'failed' }
  /** No answer, or one that does not tell: done, not done, or still to be done. */
  | { readonly kind: 'unknown' };

export interface Operation {
  readonly client: number;
  readonly key: string;
  readonly request: Request;
  readonly outcome: Outcome;
  /** Places on one time line that all clients share. */
  readonly invokedAt: number;
  readonly returnedAt: number;
}

export interface WatchedChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  /** Of a put. */
  readonly value?: string;
}

/** One watch: all that it was told after `from`. Where it had to list again, a new log begins. */
export interface WatchLog {
  readonly name: string;
  /** The revision that it began after. */
  readonly from: number;
  readonly changes: readonly WatchedChange[];
}

/** A list of all keys at one revision. */
export interface Listing {
  readonly client: number;
  readonly revision: number;
  readonly held: ReadonlyMap<string, Held>;
  readonly invokedAt: number;
  readonly returnedAt: number;
}

export interface History {
  readonly operations: readonly Operation[];
  readonly listings: readonly Listing[];
  readonly watches: readonly WatchLog[];
}
