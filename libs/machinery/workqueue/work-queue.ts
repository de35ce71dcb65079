import type { Clock, Timer } from '@drydock/base/clock';
import { noMetrics, type Metrics } from '@drydock/port/observability';
import { createWorkQueueMetrics } from './metrics.ts';
import { createRateLimiter, type RateLimits } from './rate-limit.ts';
import type { WorkQueue } from './types.ts';

export interface WorkQueueOptions {
  clock: Clock;
  /** Label of the metrics. Default: no metrics. */
  name?: string;
  metrics?: Metrics;
  rateLimits?: RateLimits;
}

/** See `WorkQueue`. In memory; keys come out in the order they went in. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock } = options;
  const metrics = createWorkQueueMetrics(
    options.name ? (options.metrics ?? noMetrics) : noMetrics,
    options.name ?? '',
  );
  const limiter = createRateLimiter(clock, options.rateLimits);
  let queue: string[] = [];
  let head = 0;
  /** Keys that need work, whether queued or (added again) being worked on. */
  const dirty = new Map<string, number>();
  const processing = new Map<string, number>();
  const waiting = new Map<string, { at: number; timer: Timer }>();
  let takers: ((key: string | undefined) => void)[] = [];
  let closed = false;

  const length = () => queue.length - head;
  const push = (key: string) => {
    const taker = takers.shift();
    if (taker) taker(begin(key));
    else {
      queue.push(key);
      metrics.depth(length());
    }
  };
  const begin = (key: string): string => {
    const now = clock.monotonicMs();
    metrics.waited((now - (dirty.get(key) ?? now)) / 1000);
    dirty.delete(key);
    processing.set(key, now);
    return key;
  };
  const shift = (): string => {
    const key = queue[head++] as string;
    // Drop the taken part now and then rather than moving the whole array for each key.
    if (head > 1024 && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    metrics.depth(length());
    return key;
  };

  const add = (key: string) => {
    if (closed || dirty.has(key)) return;
    metrics.added();
    dirty.set(key, clock.monotonicMs());
    if (!processing.has(key)) push(key);
  };
  const addAfter = (key: string, delayMs: number) => {
    if (closed) return;
    if (delayMs <= 0) return add(key);
    metrics.retried();
    const at = clock.monotonicMs() + delayMs;
    const known = waiting.get(key);
    if (known) {
      // Of two waits for one key the earlier counts.
      if (known.at <= at) return;
      known.timer.cancel();
    }
    const timer = clock.setTimeout(() => {
      waiting.delete(key);
      add(key);
    }, delayMs);
    waiting.set(key, { at, timer });
  };

  return {
    add,
    addAfter,
    addRateLimited: (key) => addAfter(key, limiter.delayMs(key)),
    forget: (key) => limiter.forget(key),
    requeues: (key) => limiter.failures(key),
    take() {
      if (length() > 0) return Promise.resolve(begin(shift()));
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => takers.push(resolve));
    },
    done(key) {
      const began = processing.get(key);
      if (began === undefined) return;
      processing.delete(key);
      metrics.worked((clock.monotonicMs() - began) / 1000);
      if (dirty.has(key)) push(key);
    },
    length,
    shutDown() {
      closed = true;
      for (const { timer } of waiting.values()) timer.cancel();
      waiting.clear();
      for (const taker of takers) taker(undefined);
      takers = [];
    },
  };
}
