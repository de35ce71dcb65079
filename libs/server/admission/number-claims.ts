import type { Clock } from '@drydock/base/clock';
import { StoreError, type Store } from '@drydock/port/store';

/** Keeps servers that share a store from giving one number to two objects before they know of each other's writes. */
export interface NumberClaims {
  /**
   * True: the number is this server's to give until `release`. False: another server is giving it just now, and with `wait`
   * it still was after a while. `isHeld` says whether an object that has it has become known meanwhile.
   */
  claim(name: string, wait: boolean, isHeld: () => boolean): Promise<boolean>;
  /** The write is over. A claim of a write that was made stays until every server knows of it. */
  release(name: string, committed: boolean): void;
  stop(): Promise<void>;
}

/** Of two parts, so that nobody takes it for an object's key. */
const prefix = '/registry/claimed-numbers/';
/** All servers have heard of a write after this long. */
const keptMs = 5_000;
/** A claim that stands for longer is of a server that has died. */
const abandonedMs = 20_000;
const againMs = 100;
const nothing = new TextEncoder().encode('{}');

const is = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof StoreError && codes.includes(error.code);

/** Claims as keys of the store: creating one is what only one server can do. */
export function createNumberClaims(store: Store, clock: Clock): NumberClaims {
  const own = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  const timers = new Map<string, { cancel(): void }>();

  function remove(name: string): void {
    const revision = own.get(name);
    own.delete(name);
    timers.get(name)?.cancel();
    timers.delete(name);
    if (revision === undefined) return;
    // One that cannot be removed counts as abandoned after a while.
    const gone: Promise<void> = store
      .delete(prefix + name, revision)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => pending.delete(gone));
    pending.add(gone);
  }

  /** True, or the revision of the claim that is in the way; undefined where there was one and is none any more. */
  async function attempt(name: string): Promise<true | number | undefined> {
    try {
      own.set(name, await store.create(prefix + name, nothing));
      return true;
    } catch (error) {
      if (!is(error, 'KeyExists')) throw error;
      return (await store.get(prefix + name))?.revision;
    }
  }

  async function takeOver(name: string, revision: number): Promise<boolean> {
    try {
      own.set(name, await store.update(prefix + name, nothing, revision));
      return true;
    } catch (error) {
      if (is(error, 'KeyNotFound', 'RevisionMismatch')) return false;
      throw error;
    }
  }

  return {
    async claim(name, wait, isHeld) {
      timers.get(name)?.cancel();
      timers.delete(name);
      if (own.has(name)) return true;
      let seen: { readonly revision: number; readonly sinceMs: number } | undefined;
      for (;;) {
        const found = await attempt(name);
        if (found === true) return true;
        if (!wait || isHeld()) return false;
        if (found !== undefined) {
          const now = clock.monotonicMs();
          if (seen?.revision !== found) seen = { revision: found, sinceMs: now };
          if (now - seen.sinceMs >= abandonedMs && (await takeOver(name, found))) return true;
        }
        await clock.sleep(againMs);
      }
    },
    release(name, committed) {
      if (!committed) remove(name);
      else if (own.has(name))
        timers.set(
          name,
          clock.setTimeout(() => remove(name), keptMs),
        );
    },
    async stop() {
      for (const name of [...own.keys()]) remove(name);
      await Promise.all(pending);
    },
  };
}
