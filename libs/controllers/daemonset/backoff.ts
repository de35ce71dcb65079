import type { Clock } from '@drydock/base/clock';

const firstMs = 1000;
const longestMs = 15 * 60 * 1000;

/** How long the failed Pod of a node waits before it is replaced: 1 s doubling to 15 minutes; forgotten when unused for twice that. */
export function createNodeBackoff(clock: Clock): {
  /** 0 when the Pod may go now, which also lengthens the next wait; else what is left to wait, in milliseconds. */
  next(key: string): number;
} {
  const entries = new Map<string, { delayMs: number; sinceMs: number }>();
  return {
    next(key) {
      const now = clock.monotonicMs();
      const entry = entries.get(key);
      if (entry !== undefined && now - entry.sinceMs < entry.delayMs)
        return entry.delayMs - (now - entry.sinceMs);
      for (const [other, { sinceMs }] of entries) {
        if (now - sinceMs > 2 * longestMs) entries.delete(other);
      }
      const delayMs = entry === undefined ? firstMs : Math.min(entry.delayMs * 2, longestMs);
      entries.set(key, { delayMs, sinceMs: now });
      return 0;
    },
  };
}
