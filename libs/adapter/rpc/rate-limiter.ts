export interface RateLimit {
  /** Requests a second, sustained. */
  readonly qps: number;
  /** Requests that may be made at once after a pause. */
  readonly burst: number;
}

export interface RateLimiter {
  /** Undefined when a request may be made now, otherwise a promise for its turn. Turns come in the order of calls. */
  take(): Promise<void> | undefined;
}

/** A token bucket, full at first, as the clients of Kubernetes have it (`--kube-api-qps`, `--kube-api-burst`). */
export function createRateLimiter({ qps, burst }: RateLimit): RateLimiter {
  const intervalMs = 1000 / qps;
  const creditMs = (Math.max(1, burst) - 1) * intervalMs;
  /** When the next request would be due if they came at the sustained rate. */
  let dueAt = 0;
  return {
    take() {
      const now = performance.now();
      dueAt = Math.max(dueAt, now - creditMs);
      const waitMs = dueAt - now;
      dueAt += intervalMs;
      return waitMs <= 0 ? undefined : new Promise((resolve) => setTimeout(resolve, waitMs));
    },
  };
}
