import type { Clock, Timer } from '@drydock/base/clock';

/**
 * Names that wait for their turn, so many a second, with a burst of one. A name that was handed out is remembered until
 * it is removed: adding it again meanwhile does nothing.
 */
export interface RatedQueue {
  /** False when the name waits or was handed out already. */
  add(name: string): boolean;
  /** Whether a name waits or was handed out. */
  has(name: string): boolean;
  /** Forgets a name; true when it was known. */
  remove(name: string): boolean;
  /** Turns a second; 0 stops. */
  setRate(perSecond: number): void;
  close(): void;
}

/** Hands each name to `take` in its turn. */
export function createRatedQueue(
  clock: Pick<Clock, 'monotonicMs' | 'setTimeout'>,
  perSecond: number,
  take: (name: string) => void,
): RatedQueue {
  const known = new Set<string>();
  let waiting: string[] = [];
  let rate = perSecond;
  let tokens = 1;
  let refilledMs = clock.monotonicMs();
  let timer: Timer | undefined;

  function refill(): void {
    const nowMs = clock.monotonicMs();
    tokens = Math.min(1, tokens + ((nowMs - refilledMs) * rate) / 1000);
    refilledMs = nowMs;
  }

  function turn(): void {
    timer?.cancel();
    timer = undefined;
    refill();
    // A hair less than one: sums of fractions.
    while (rate > 0 && tokens >= 0.999_999) {
      const name = waiting.shift();
      if (name === undefined) return;
      tokens = Math.max(0, tokens - 1);
      take(name);
    }
    if (rate > 0 && waiting.length > 0) timer = clock.setTimeout(turn, ((1 - tokens) * 1000) / rate);
  }

  return {
    add(name) {
      if (known.has(name)) return false;
      known.add(name);
      waiting.push(name);
      turn();
      return true;
    },
    has: (name) => known.has(name),
    remove(name) {
      if (!known.delete(name)) return false;
      waiting = waiting.filter((other) => other !== name);
      return true;
    },
    setRate(next) {
      refill();
      rate = next;
      turn();
    },
    close() {
      timer?.cancel();
      known.clear();
      waiting = [];
    },
  };
}
