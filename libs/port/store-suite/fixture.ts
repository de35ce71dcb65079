import { expect } from 'vitest';
import type { Store, StoreErrorCode, StoreEvent } from '../store/index.ts';
import { StoreError } from '../store/index.ts';

/** One store to be tested, with nothing in it, and what may be done to it. */
export interface StoreFixture {
  store: Store;
  /** Opens the same data again after `store` was closed. Absent where the engine keeps nothing. */
  reopen?(): Promise<Store>;
  /** Releases everything, whether or not the store was closed. */
  dispose(): Promise<void>;
}

export interface StoreContractOptions {
  /**
   * The engine runs in this process: writes are judged in the order of calls and events carry the very instance
   * that was written. Default true.
   */
  embedded?: boolean;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** Expects a rejection with a StoreError of this code and returns it. */
export async function refusal(promise: Promise<unknown>, code: StoreErrorCode): Promise<StoreError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).code).toBe(code);
  return error as StoreError;
}

export interface Recording {
  readonly events: StoreEvent[];
  readonly batches: (readonly StoreEvent[])[];
  /** Set once the watch has ended. */
  ended: Error | undefined;
  /** Resolves when there are at least `count` events. */
  count(count: number): Promise<StoreEvent[]>;
  /** Resolves with the error the watch ended with. */
  end(): Promise<StoreError>;
  cancel(): void;
}

/** Watches and keeps what comes. */
export function record(store: Store, fromRevision: number): Recording {
  let waiters: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const resume of woken) resume();
  };
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const events: StoreEvent[] = [];
  const batches: (readonly StoreEvent[])[] = [];
  const watch = store.watch(fromRevision, {
    events(batch) {
      batches.push(batch);
      events.push(...batch);
      wake();
    },
    ended(error) {
      recording.ended = error;
      wake();
    },
  });
  const recording: Recording = {
    events,
    batches,
    ended: undefined,
    async count(count) {
      await until(() => events.length >= count || recording.ended !== undefined);
      expect(events.length).toBeGreaterThanOrEqual(count);
      return events;
    },
    async end() {
      await until(() => recording.ended !== undefined);
      expect(recording.ended).toBeInstanceOf(StoreError);
      return recording.ended as StoreError;
    },
    cancel: () => watch.cancel(),
  };
  return recording;
}

/** Events must be complete and in order: strictly rising revisions and, key by key, an unbroken chain. */
export function expectChain(events: readonly StoreEvent[]): void {
  let last = 0;
  const current = new Map<string, number>();
  for (const event of events) {
    expect(event.revision).toBeGreaterThan(last);
    last = event.revision;
    if (current.has(event.key)) expect(event.prevRevision).toBe(current.get(event.key));
    current.set(event.key, event.type === 'put' ? event.revision : 0);
  }
}
