/** A pending timer; `cancel` is idempotent and safe after it fired. */
export interface Timer {
  cancel(): void;
}

/**
 * The only door to time. Nothing outside the system clock reads ambient time or sets a timer.
 * Under a virtual clock the same program runs deterministically and can be fast-forwarded.
 */
export interface Clock {
  /** Wall-clock time, milliseconds since the Unix epoch (fractions allowed). */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin; for durations. */
  monotonicMs(): number;
  /** Runs `callback` once after `delayMs` (negative counts as 0). A system timer does not keep the process alive. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  /** Resolves after `delayMs`; rejects with `signal.reason` when the signal aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The only door to randomness. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, maxExclusive). */
  int(maxExclusive: number): number;
  /** RFC 4122 version 4 UUID, lower case. */
  uuid(): string;
  /** `length` characters of Kubernetes' name-suffix alphabet (`bcdfghjklmnpqrstvwxz2456789`). */
  suffix(length: number): string;
}
