/**
 * The store: an ordered map of keys to bytes with one revision sequence for the whole cluster.
 * It is the only durable truth of Drydock. Keys are `/registry/<group>/<resource>[/<namespace>]/<name>`.
 */

export interface StoreEntry {
  readonly key: string;
  /** Owned by the store once written and by nobody once read: never mutated by either side. */
  readonly value: Uint8Array;
  /** Revision of the write that made this value. */
  readonly revision: number;
}

export type StoreEvent =
  | {
      readonly type: 'put';
      readonly key: string;
      /** In an embedded store the very same instance that was passed to `create` or `update`. */
      readonly value: Uint8Array;
      readonly revision: number;
      /** Revision of the value that was replaced; 0 when the key was created. */
      readonly prevRevision: number;
    }
  | {
      readonly type: 'delete';
      readonly key: string;
      /** Revision of the delete itself. */
      readonly revision: number;
      /** Revision of the value that was deleted. */
      readonly prevRevision: number;
      /** The value that was deleted; absent only where the engine no longer has it (etcd, when compacted meanwhile). */
      readonly prevValue?: Uint8Array;
    };

export type StoreErrorCode =
  /** `create` of a key that exists. */
  | 'KeyExists'
  /** `update` or `delete` of a key that does not exist. */
  | 'KeyNotFound'
  /** The key's revision is not the expected one; `current` holds what is there. */
  | 'RevisionMismatch'
  /** A watch from a revision whose following changes are no longer known. */
  | 'Compacted'
  /** An empty key, one longer than 1,900 bytes of UTF-8, or one that is not well-formed Unicode. */
  | 'InvalidKey'
  /** The engine does not take this write as it is (too big, no room), in its own words; done all the same only if `ambiguous`. */
  | 'Refused'
  /** The store is closed or closing; the write was not done. */
  | 'Closed'
  /** The engine failed (disk full, I/O error, lost connection); whether a write was done is unknown only if `ambiguous`. */
  | 'Unavailable';

export interface StoreSnapshot {
  /** In key order (UTF-8 byte order). */
  readonly entries: readonly StoreEntry[];
  /** The store revision at which this list is exact. */
  readonly revision: number;
}

export interface WatchSink {
  /**
   * Committed changes, in revision order, each exactly once. Batches are never empty.
   * Called synchronously one after another; must not throw.
   */
  events(batch: readonly StoreEvent[]): void;
  /** The watch ended: `Compacted`, `Closed` or `Unavailable`. Nothing follows. Not called after `cancel`. */
  ended(error: Error): void;
}

export interface StoreWatch {
  /** Stops delivery at once; idempotent. */
  cancel(): void;
}

export interface Store {
  /** The newest committed value, or undefined. Linearizable. */
  get(key: string): Promise<StoreEntry | undefined>;
  /** All entries whose key starts with `prefix`, at one revision. Linearizable. */
  list(prefix: string): Promise<StoreSnapshot>;
  /** Writes a new key; resolves with its revision once durable. Rejects `KeyExists`. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Replaces a value if the key is at `expectedRevision`; resolves once durable. Rejects `KeyNotFound`, `RevisionMismatch`. */
  update(key: string, value: Uint8Array, expectedRevision: number): Promise<number>;
  /** Deletes if the key is at `expectedRevision`; resolves with the revision of the delete once durable. Rejects as `update`. */
  delete(key: string, expectedRevision: number): Promise<number>;
  /**
   * Every change with a revision greater than `fromRevision`, from all keys. Delivery starts asynchronously.
   * An event is delivered only after its write is durable, and before or in the same turn as the writer's promise resolves.
   * Ends with `Compacted` where the changes after `fromRevision` are no longer known.
   */
  watch(fromRevision: number, sink: WatchSink): StoreWatch;
  /** The newest committed revision. At least 1, even when the store is empty; survives restarts, never goes back. */
  revision(): Promise<number>;
  /** Forgets changes up to and including `revision`. Current values stay. */
  compact(revision: number): Promise<void>;
  /** Waits for writes under way, refuses new ones with `Closed`, ends watches, releases locks. Idempotent. */
  close(): Promise<void>;
}
