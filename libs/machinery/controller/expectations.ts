import type { Clock } from '@drydock/base/clock';
import type { Expectations } from './types.ts';

/** An expectation older than this is given up: the event was missed, and doing nothing for ever is worse. */
const timeoutMs = 5 * 60 * 1000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

/** See `Expectations`. Set expectations before the request and lower them (`…Observed`) when it fails. */
export function createExpectations(clock: Clock): Expectations {
  const expected = new Map<string, Expected>();
  const isMet = (entry: Expected) => entry.creations <= 0 && entry.deletions.size === 0;
  /** Adds to what is still open: a loop that creates and deletes in one pass waits for both. */
  const open = (key: string): Expected => {
    const known = expected.get(key);
    if (known && !isMet(known)) return known;
    const made: Expected = { creations: 0, deletions: new Set(), sinceMs: clock.monotonicMs() };
    expected.set(key, made);
    return made;
  };

  return {
    expectCreations(key, count) {
      open(key).creations += count;
    },
    expectDeletions(key, uids) {
      const { deletions } = open(key);
      for (const uid of uids) deletions.add(uid);
    },
    creationObserved(key) {
      const entry = expected.get(key);
      if (entry && entry.creations > 0) entry.creations--;
    },
    deletionObserved(key, uid) {
      expected.get(key)?.deletions.delete(uid);
    },
    satisfied(key) {
      const entry = expected.get(key);
      if (!entry || isMet(entry)) return true;
      if (clock.monotonicMs() - entry.sinceMs <= timeoutMs) return false;
      expected.delete(key);
      return true;
    },
    forget: (key) => void expected.delete(key),
  };
}
