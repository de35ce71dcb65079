/** One committed change of one object, as it is published. */
export interface CommittedChange {
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** Revision of the state before; 0 for ADDED. */
  readonly previousRevision: number;
  /** About how many bytes `object` answers. */
  readonly size: number;
  /** JSON of the object with its resourceVersion; see `BusEvent.object`. Made anew with each call. */
  object(): Uint8Array;
}

export interface ChangeSink {
  /** Changes in revision order, each once. Batches are never empty. Must not throw. */
  changes(batch: readonly CommittedChange[]): void;
  /** The feed ended. `compacted`: what follows the revision it was at is no longer known. */
  ended(reason: { readonly compacted: boolean; readonly error: Error }): void;
}

/** Where a publisher learns of committed changes. `createStoreChangeSource` makes one of a store. */
export interface ChangeSource {
  /** The newest committed revision. */
  revision(): Promise<number>;
  /** Every change after `fromRevision`, of all resources. Returns the way to stop. Delivery starts asynchronously. */
  follow(fromRevision: number, sink: ChangeSink): () => void;
}
