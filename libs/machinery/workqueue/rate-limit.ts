import type { Clock } from '@drydock/base/clock';

export interface RateLimits {
  /** First delay of a key's back-off, doubled with each failure. Default 5. */
  baseDelayMs?: number;
  /** Longest delay of a key's back-off. Default 1 000 000. */
  maxDelayMs?: number;
  /** Retries a second over all keys. Default 10. */
  retriesPerSecond?: number;
  /** Retries that may come at once before the rate holds. Default 100. */
  burst?: number;
}

/** How long a key must wait before it is tried again; the longer of its own back-off and the overall rate. */
export interface RateLimiter {
  delayMs(key: string): number;
  forget(key: string): void;
  failures(key: string): number;
}

export function createRateLimiter(clock: Clock, limits: RateLimits = {}): RateLimiter {
  const { baseDelayMs = 5, maxDelayMs = 1_000_000, retriesPerSecond = 10, burst = 100 } = limits;
  const failed = new Map<string, number>();
  let tokens = burst;
  let refilledAt = clock.monotonicMs();

  /** Takes one token, going into debt when there is none: the debt is the wait. */
  const overallDelay = (): number => {
    const now = clock.monotonicMs();
    tokens = Math.min(burst, tokens + ((now - refilledAt) * retriesPerSecond) / 1000);
    refilledAt = now;
    tokens -= 1;
    return tokens >= 0 ? 0 : (-tokens * 1000) / retriesPerSecond;
  };

  return {
    delayMs(key) {
      const failures = failed.get(key) ?? 0;
      failed.set(key, failures + 1);
      return Math.max(Math.min(baseDelayMs * 2 ** failures, maxDelayMs), overallDelay());
    },
    forget: (key) => void failed.delete(key),
    failures: (key) => failed.get(key) ?? 0,
  };
}
