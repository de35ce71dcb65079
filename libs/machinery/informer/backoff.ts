import type { Random } from '@drydock/base/clock';

export interface Backoff {
  /** The next delay in milliseconds. */
  next(): number;
  reset(): void;
}

export interface BackoffOptions {
  /** Default 100. */
  initialMs?: number;
  /** Default 30 000. */
  maxMs?: number;
  /** Default 2. */
  factor?: number;
  /** Each delay is drawn from [d, d × (1 + jitter)). Default 1. */
  jitter?: number;
}

/** Exponential back-off with jitter, so that those who failed together do not come back together. */
export function createBackoff(random: Random, options: BackoffOptions = {}): Backoff {
  const { initialMs = 100, maxMs = 30_000, factor = 2, jitter = 1 } = options;
  let current = initialMs;
  return {
    next() {
      const delay = current * (1 + jitter * random.next());
      current = Math.min(current * factor, maxMs);
      return Math.min(delay, maxMs);
    },
    reset() {
      current = initialMs;
    },
  };
}
