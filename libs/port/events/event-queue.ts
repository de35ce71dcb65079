import type { BusEvent } from './events.ts';
import { EventsError } from './events.ts';

export interface EventQueueOptions {
  readonly signal: AbortSignal;
  /** Events a consumer may be behind. Default 10,000. */
  readonly maxEvents?: number | undefined;
  /** Called once, when the consumer is done or was let go. */
  readonly released: () => void;
}

/**
 * What a subscription hands out: a bounded queue that its reader takes in batches. The producer never waits; a reader
 * that is too far behind is ended with `SlowConsumer`, after what it was behind.
 */
export interface EventQueue extends AsyncIterableIterator<readonly BusEvent[]> {
  /** False when nobody listens any more. */
  push(event: BusEvent): boolean;
  /** Ends the reader, after what is queued, with an error or (undefined) without. */
  end(error?: Error): void;
}

/** Makes an empty queue. */
export function createEventQueue(options: EventQueueOptions): EventQueue {
  const { signal, maxEvents = 10_000 } = options;
  let queued: BusEvent[] = [];
  let wake: (() => void) | undefined;
  let ended: { error: Error | undefined } | undefined;

  function end(error?: Error): void {
    if (ended !== undefined) return;
    ended = { error };
    signal.removeEventListener('abort', drop);
    options.released();
    wake?.();
  }
  function drop(): void {
    queued = [];
    end();
  }
  if (signal.aborted) queueMicrotask(drop);
  else signal.addEventListener('abort', drop, { once: true });

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    push(event) {
      if (ended !== undefined) return false;
      if (queued.length >= maxEvents) {
        end(new EventsError('SlowConsumer', `the consumer is more than ${maxEvents} events behind`));
        return false;
      }
      queued.push(event);
      wake?.();
      return true;
    },
    end,
    async next() {
      while (queued.length === 0) {
        if (ended !== undefined) {
          const { error } = ended;
          ended = { error: undefined };
          if (error !== undefined) throw error;
          return { done: true, value: undefined };
        }
        await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
      }
      const batch = queued;
      queued = [];
      return { done: false, value: batch };
    },
    async return() {
      drop();
      return { done: true, value: undefined };
    },
  };
}
