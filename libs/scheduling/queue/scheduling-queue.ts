import type { Clock, Timer } from '@drydock/base/clock';
import type { PodRequest } from '../framework/index.ts';

const firstBackoffMs = 1_000;
const longestBackoffMs = 10_000;

interface Waiting {
  request: PodRequest;
  attempts: number;
  /** Moves of the whole queue seen when the last attempt began. */
  movesAtAttempt: number;
  timer: Timer | undefined;
}

/**
 * The Pods that wait for a node: active ones by priority, then by age; refused ones aside until something changes
 * that could help, and not before their back-off (1 s doubling to 10 s) is over.
 */
export interface SchedulingQueue {
  /** Adds a Pod, or takes its newer form. A changed spec makes a refused Pod active again. */
  set(request: PodRequest): void;
  remove(key: string): void;
  /** Takes the first active Pod; undefined when there is none. The caller answers with `done` or `refused`. */
  take(): { request: PodRequest; attempts: number } | undefined;
  done(key: string): void;
  /** No node does. The Pod waits for `moveAll`, or only for its back-off when `retry` is set (an error, not a verdict). */
  refused(key: string, retry: boolean): void;
  /** Something changed (a node came, a Pod went): refused Pods may try again. */
  moveAll(): void;
  readonly length: number;
}

export function createSchedulingQueue(clock: Clock, wake: () => void): SchedulingQueue {
  const active = new Map<string, Waiting>();
  const inFlight = new Map<string, Waiting>();
  const refusedPods = new Map<string, Waiting>();
  let moves = 0;
  let sorted: Waiting[] | undefined;

  const priority = (waiting: Waiting) => waiting.request.pod.spec?.priority ?? 0;
  const created = (waiting: Waiting) => String(waiting.request.pod.metadata.creationTimestamp ?? '');

  function activate(key: string, waiting: Waiting): void {
    refusedPods.delete(key);
    waiting.timer?.cancel();
    waiting.timer = undefined;
    active.set(key, waiting);
    // Appending keeps the order in the common case: equal priorities, newest last.
    const last = sorted?.at(-1);
    if (last !== undefined && priority(last) >= priority(waiting) && created(last) <= created(waiting))
      sorted?.push(waiting);
    else sorted = undefined;
    wake();
  }

  function activateAfterBackoff(key: string, waiting: Waiting): void {
    if (waiting.timer !== undefined) return;
    const delayMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (waiting.attempts - 1));
    waiting.timer = clock.setTimeout(() => {
      waiting.timer = undefined;
      if (refusedPods.get(key) === waiting) activate(key, waiting);
    }, delayMs);
  }

  return {
    get length() {
      return active.size + inFlight.size + refusedPods.size;
    },
    set(request) {
      const waiting = active.get(request.key) ?? inFlight.get(request.key) ?? refusedPods.get(request.key);
      if (waiting === undefined) {
        activate(request.key, { request, attempts: 0, movesAtAttempt: moves, timer: undefined });
        return;
      }
      const changed = waiting.request.pod.metadata.generation !== request.pod.metadata.generation;
      waiting.request = request;
      if (changed && refusedPods.has(request.key)) activateAfterBackoff(request.key, waiting);
    },
    remove(key) {
      (active.get(key) ?? refusedPods.get(key))?.timer?.cancel();
      const wasActive = active.delete(key);
      if (wasActive) sorted = undefined;
      inFlight.delete(key);
      refusedPods.delete(key);
    },
    take() {
      if (active.size === 0) return undefined;
      sorted ??= [...active.values()].sort(
        (a, b) =>
          priority(b) - priority(a) || (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0),
      );
      const waiting = sorted.shift();
      if (waiting === undefined) return undefined;
      active.delete(waiting.request.key);
      waiting.attempts++;
      waiting.movesAtAttempt = moves;
      inFlight.set(waiting.request.key, waiting);
      return { request: waiting.request, attempts: waiting.attempts };
    },
    done(key) {
      inFlight.delete(key);
    },
    refused(key, retry) {
      const waiting = inFlight.get(key);
      if (waiting === undefined) return;
      inFlight.delete(key);
      refusedPods.set(key, waiting);
      // What moved while the attempt ran may have been missed by it.
      if (retry || waiting.movesAtAttempt !== moves) activateAfterBackoff(key, waiting);
    },
    moveAll() {
      moves++;
      for (const [key, waiting] of refusedPods) activateAfterBackoff(key, waiting);
    },
  };
}
