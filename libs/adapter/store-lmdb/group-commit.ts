import type { StoreEntry, StoreEvent, WatchHub } from '@drydock/port/store';
import { getLastVersion } from 'lmdb';
import { StoreError } from '@drydock/port/store';
import type { Environment } from './environment.ts';
import { describeFailure, isCleanFailure, refineFailure } from './storage-error.ts';

interface Write {
  readonly key: string;
  /** Undefined: a delete. */
  readonly value: Uint8Array | undefined;
  readonly revision: number;
  readonly prevRevision: number;
  /** What a delete deletes. */
  readonly prevValue: Uint8Array | undefined;
  readonly resolve: (revision: number) => void;
  readonly reject: (error: StoreError) => void;
}

/** A refusal that rests on a write not yet on disk: told to its caller only once that write is. */
interface Refusal {
  readonly error: StoreError;
  readonly reject: (error: StoreError) => void;
}

interface Batch {
  readonly writes: Write[];
  readonly refusals: Refusal[];
}

/** What a key is, seen after all accepted writes, those not yet on disk included. */
interface KeyState {
  readonly revision: number;
  readonly value: Uint8Array | undefined;
}

/** What a key is, for who judges a write; its value is only read where somebody wants it. */
export interface Present {
  readonly revision: number;
  entry(): StoreEntry;
}

/** What a write asks of the key's present state; returns the error it is refused with. */
export type Precondition = (current: Present | undefined) => StoreError | undefined;

export interface GroupCommit {
  /** Accepts or refuses a write in the order of calls; resolves with its revision once it is on disk. */
  submit(key: string, value: Uint8Array | undefined, precondition: Precondition): Promise<number>;
  /** Resolves when nothing accepted is left to be written. */
  idle(): Promise<void>;
  /** Set when a commit failed in a way that leaves the files in doubt: nothing more is written. */
  broken(): StoreError | undefined;
}

const ignore = (): void => {};

const newBatch = (): Batch => ({ writes: [], refusals: [] });

/**
 * Orders writes, gives them revisions and commits them in groups: while one transaction is being flushed the next
 * group collects. Each write is judged at once against all accepted before it, so writers of one key can be
 * pipelined; its caller hears only what is durable.
 */
export function createGroupCommit(environment: Environment, hub: WatchHub): GroupCommit {
  const { root, entries } = environment;
  let lastRevision = environment.readRevision();
  let collecting = newBatch();
  let inFlight: Batch | undefined;
  let broken: StoreError | undefined;
  let idleWaiters: (() => void)[] = [];
  const pending = new Map<string, KeyState>();

  /** To be looked at before anything else is written. */
  function stateOf(key: string): Present | undefined {
    const state = pending.get(key);
    if (state !== undefined) {
      const { revision, value } = state;
      return value === undefined ? undefined : { revision, entry: () => ({ key, value, revision }) };
    }
    if (entries.getBinaryFast(key) === undefined) return undefined;
    const revision = getLastVersion();
    return { revision, entry: () => ({ key, value: entries.getBinary(key)!, revision }) };
  }

  /** Hands a write to the engine, which collects what one turn of the event loop brings into one transaction. */
  function put(write: Write): void {
    const { key, value, revision } = write;
    hear(value === undefined ? entries.remove(key) : entries.put(key, value, revision));
  }

  let heard: PromiseLike<boolean> | undefined;
  /** The engine hands out more than one promise of the same commit; `committed` and `failed` follow just one. */
  function hear(promise: PromiseLike<boolean>): void {
    if (promise === heard) return;
    heard = promise;
    promise.then(ignore, ignore);
  }

  // The engine is about to seal the group: the revision goes into the same transaction.
  root.on('beforecommit', () => {
    if (inFlight !== undefined || collecting.writes.length === 0) return;
    const batch = collecting;
    inFlight = batch;
    collecting = newBatch();
    queueMicrotask(() => root.committed.then(ignore, ignore));
    environment.putRevision(batch.writes.at(-1)!.revision).then(
      () => committed(batch),
      (error: unknown) => {
        const bytes = batch.writes.reduce((sum, write) => sum + (write.value?.byteLength ?? 0), 0);
        void causeOf(error).then((cause) =>
          failed(batch, refineFailure(cause, environment.directory, bytes)),
        );
      },
    );
  });

  function startNext(): void {
    inFlight = undefined;
    for (const write of collecting.writes) put(write);
    if (collecting.writes.length > 0) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const resume of waiters) resume();
  }

  function committed(batch: Batch): void {
    for (const write of batch.writes) {
      if (pending.get(write.key)?.revision === write.revision) pending.delete(write.key);
    }
    // Reads of this turn must see what they are about to be told of.
    root.resetReadTxn();
    startNext();
    hub.publish(batch.writes.map(toEvent));
    for (const write of batch.writes) write.resolve(write.revision);
    for (const refusal of batch.refusals) refusal.reject(refusal.error);
  }

  function failed(batch: Batch, cause: unknown): void {
    const clean = isCleanFailure(cause);
    const message = `cannot write to the store: ${describeFailure(cause)}`;
    if (!clean) broken = new StoreError('Unavailable', message, { cause });
    // Writes that were judged on top of the failed ones fall with them.
    const followers = collecting;
    collecting = newBatch();
    pending.clear();
    root.resetReadTxn();
    lastRevision = Math.max(environment.readRevision(), clean ? 0 : lastRevision);
    startNext();
    for (const [group, ambiguous] of [
      [batch, !clean],
      [followers, false],
    ] as const) {
      const error = new StoreError('Unavailable', message, { cause, ambiguous });
      for (const write of group.writes) write.reject(error);
      for (const refusal of group.refusals) refusal.reject(new StoreError('Unavailable', message, { cause }));
    }
    if (broken !== undefined) hub.end(broken);
  }

  return {
    submit(key, value, precondition) {
      if (broken !== undefined) return Promise.reject(broken);
      const current = stateOf(key);
      const refused = precondition(current);
      if (refused !== undefined) {
        if (!pending.has(key)) return Promise.reject(refused);
        return new Promise((_resolve, reject) => {
          const batch = groupHolding(pending.get(key)!.revision);
          batch.refusals.push({ error: refused, reject });
        });
      }
      return new Promise((resolve, reject) => {
        const revision = ++lastRevision;
        const write: Write = {
          ...{ key, value, revision, resolve, reject },
          prevRevision: current?.revision ?? 0,
          prevValue: value === undefined ? current?.entry().value : undefined,
        };
        pending.set(key, { revision, value });
        collecting.writes.push(write);
        if (inFlight === undefined) put(write);
      });
    },
    idle() {
      if (inFlight === undefined && collecting.writes.length === 0) return Promise.resolve();
      return new Promise((resolve) => idleWaiters.push(resolve));
    },
    broken: () => broken,
  };

  function groupHolding(revision: number): Batch {
    return inFlight !== undefined && revision <= inFlight.writes.at(-1)!.revision ? inFlight : collecting;
  }
}

/** The engine rejects with a generic error that carries a promise of the real one. */
function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  return commitError === undefined
    ? Promise.resolve(error)
    : commitError.then(
        () => error,
        (cause: unknown) => cause,
      );
}

function toEvent(write: Write): StoreEvent {
  const { key, value, revision, prevRevision, prevValue } = write;
  return value === undefined
    ? { type: 'delete', key, revision, prevRevision, ...(prevValue === undefined ? {} : { prevValue }) }
    : { type: 'put', key, value, revision, prevRevision };
}
