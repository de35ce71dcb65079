import type { Clock, Random } from './clock.ts';
import { createRandom } from './random.ts';
import { sleepOn } from './sleep.ts';

/** Beyond this, the platform's timers fire at once instead of late. */
const maxTimerDelayMs = 0x7fffffff;

function systemTimeout(callback: () => void, delayMs: number): { cancel(): void } {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(Math.max(leftMs, 0), maxTimerDelayMs);
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs);
    // A browser's handle is a number and keeps nothing alive.
    if (typeof handle === 'object') handle.unref();
  };
  arm(delayMs);
  return { cancel: () => clearTimeout(handle) };
}

/** The machine's own time. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: systemTimeout,
  sleep: (delayMs, signal) => sleepOn(systemTimeout, delayMs, signal),
};

/** The machine's own randomness, from its cryptographic source. */
export const systemRandom: Random = createSystemRandom();

function createSystemRandom(): Random {
  // Drawing one word at a time from the system costs far more than drawing a page of them.
  const pool = new Uint32Array(256);
  let used = pool.length;
  const random = createRandom(() => {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return pool[used++] ?? 0;
  });
  return { ...random, uuid: () => crypto.randomUUID() };
}
