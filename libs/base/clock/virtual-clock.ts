import type { Clock, Timer } from './clock.ts';
import { sleepOn } from './sleep.ts';

export interface VirtualClockOptions {
  /** Where `now()` begins, milliseconds since the epoch. Default 2024-01-01T00:00:00Z. */
  readonly startMs?: number;
  /**
   * How the clock lets the program catch up between two timers. Default: yields to the microtask queue many times,
   * which is enough for promise chains. Pass one that also waits for I/O where the program does real I/O.
   */
  readonly settle?: () => Promise<void>;
}

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /**
   * Moves time forward by `ms`, firing due timers in order of time (ties: in order of creation), also those that
   * fired timers set. `now()` stands at each timer's own time while it fires. Promise chains settle between timers.
   * Rejects with whatever a timer's callback throws; time then stands at that timer.
   */
  advance(ms: number): Promise<void>;
  /** As `advance`, up to an absolute time; a time in the past only settles. */
  advanceTo(timeMs: number): Promise<void>;
  /**
   * Fires timers until none is left. A program with a periodic timer is never idle: throws after `maxTimers`
   * (default 100,000), or stops once time has moved by `limitMs` where given.
   */
  runUntilIdle(options?: { limitMs?: number; maxTimers?: number }): Promise<void>;
  /** Timers waiting. */
  pendingTimers(): number;
  /** When the next timer is due, on the scale of `now()`; undefined when there is none. */
  nextTimerMs(): number | undefined;
}

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Deep promise chains need one turn a link; a few hundred turns cost microseconds. */
const settleTurns = 256;

async function settleMicrotasks(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn += 1) await undefined;
}

/** Creates a clock for tests and for simulations that run faster than time. See `VirtualClock`. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const startMs = options.startMs ?? 1_704_067_200_000;
  const settle = options.settle ?? settleMicrotasks;
  const heap: Entry[] = [];
  let nowMs = startMs;
  let created = 0;
  let live = 0;

  function start(callback: () => void, delayMs: number): Timer {
    const entry: Entry = { dueMs: nowMs + Math.max(delayMs, 0), order: created++, callback };
    push(heap, entry);
    live += 1;
    return {
      cancel: () => {
        if (entry.callback === undefined) return;
        entry.callback = undefined;
        live -= 1;
      },
    };
  }

  /** The earliest timer that is still wanted; cancelled ones are dropped on the way. */
  function peek(): Entry | undefined {
    while (heap[0] !== undefined && heap[0].callback === undefined) pop(heap);
    return heap[0];
  }

  /** Fires one timer due at or before `limitMs`; false when there is none. */
  function fireNext(limitMs: number): boolean {
    const entry = peek();
    if (entry === undefined || entry.dueMs > limitMs) return false;
    pop(heap);
    live -= 1;
    nowMs = Math.max(nowMs, entry.dueMs);
    const callback = entry.callback;
    entry.callback = undefined;
    callback?.();
    return true;
  }

  async function advanceTo(timeMs: number): Promise<void> {
    await settle();
    while (fireNext(timeMs)) await settle();
    nowMs = Math.max(nowMs, timeMs);
  }

  async function runUntilIdle(limits: { limitMs?: number; maxTimers?: number } = {}): Promise<void> {
    const maxTimers = limits.maxTimers ?? 100_000;
    const endMs = limits.limitMs === undefined ? Number.POSITIVE_INFINITY : nowMs + limits.limitMs;
    await settle();
    for (let fired = 0; fireNext(endMs); fired += 1) {
      if (fired >= maxTimers) throw new Error(`still not idle after ${maxTimers} timers`);
      await settle();
    }
  }

  return {
    now: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    setTimeout: start,
    sleep: (delayMs, signal) => sleepOn(start, delayMs, signal),
    advance: (ms) => advanceTo(nowMs + ms),
    advanceTo,
    runUntilIdle,
    pendingTimers: () => live,
    nextTimerMs: () => peek()?.dueMs,
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !before(entry, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let childIndex = index * 2 + 1;
    let child = heap[childIndex];
    if (child === undefined) break;
    const right = heap[childIndex + 1];
    if (right !== undefined && before(right, child)) {
      childIndex += 1;
      child = right;
    }
    if (!before(child, last)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
}
