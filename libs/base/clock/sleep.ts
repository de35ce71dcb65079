import type { Timer } from './clock.ts';

/**
 * `Clock.sleep` on top of a `setTimeout`: resolves after `delayMs`, rejects with `signal.reason` when the signal
 * aborts first (also when it has aborted already). Leaves no timer and no listener behind.
 */
export function sleepOn(
  startTimer: (callback: () => void, delayMs: number) => Timer,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = startTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
