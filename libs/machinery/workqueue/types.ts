/**
 * Keys to work on. A key is handed to one worker at a time; a key added while it is worked on comes again afterwards;
 * a key added twice before it is taken comes once.
 */
export interface WorkQueue {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  /** With exponential back-off for each key (5 ms doubling to 1000 s) and an overall rate (10/s, burst 100), as client-go's default. */
  addRateLimited(key: string): void;
  /** Resets the key's back-off. */
  forget(key: string): void;
  requeues(key: string): number;
  /** The next key; undefined once the queue is shut down and drained. */
  take(): Promise<string | undefined>;
  /** Must be called for each key taken. */
  done(key: string): void;
  length(): number;
  shutDown(): void;
}
