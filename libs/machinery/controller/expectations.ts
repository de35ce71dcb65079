import type { Clock } from '@drydock/base/clock';
import type { Expectations } from './types.ts';

const expiryMs = 300_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

/** In-memory expectations; see `Expectations`. */
export function createExpectations(clock: Clock): Expectations {
  const all = new Map<string, Expected>();
  const settled = (one: Expected) => one.creations <= 0 && one.deletions.size === 0;
  return {
    expectCreations(key, count) {
      all.set(key, { creations: count, deletions: all.get(key)?.deletions ?? new Set(), sinceMs: clock.now() });
    },
    expectDeletions(key, uids) {
      all.set(key, { creations: all.get(key)?.creations ?? 0, deletions: new Set(uids), sinceMs: clock.now() });
    },
    creationObserved(key) {
      const one = all.get(key);
      if (one !== undefined) one.creations--;
    },
    deletionObserved(key, uid) {
      all.get(key)?.deletions.delete(uid);
    },
    satisfied(key) {
      const one = all.get(key);
      return one === undefined || settled(one) || clock.now() - one.sinceMs > expiryMs;
    },
    forget(key) {
      all.delete(key);
    },
  };
}
