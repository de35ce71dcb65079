import { ApiError, isExpired } from '@drydock/base/apimachinery';
import type { BusEvent, EventQueue, EventSubscriber } from '@drydock/port/events';
import { createEventQueue, EventsError } from '@drydock/port/events';
import type { Logger } from '@drydock/port/observability';
import type { Transport, WatchEvent } from '@drydock/port/transport';

export interface GrpcSubscriberOptions {
  /** To the API servers; `createRpcTransport` makes one. */
  readonly transport: Pick<Transport, 'watch'>;
  /** Events a consumer may be behind before it is let go. Default 10,000. */
  readonly maxQueuedEvents?: number;
  /** Longest pause between two attempts while no API server can be reached; the first is 50. Default 2,000. */
  readonly maxBackoffMs?: number;
  readonly logger: Logger;
}

const FIRST_BACKOFF_MS = 50;

/** Failures after which the same watch may well succeed: nobody there, too busy, shutting down. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.code >= 500 || error.code === 429;

function toBusEvent({ type, object }: WatchEvent): BusEvent {
  const { resourceVersion, namespace = '', name = '' } = object.metadata;
  return { type, revision: Number(resourceVersion), namespace, name, object };
}

/**
 * The event bus without a carrier of its own: every subscription is a watch of an API server, resumed by revision after a
 * break, at whichever API server can be reached then. Publisher and cursor are the API servers' own business: a list's
 * revision is the whole position. A `Gap` is their 410.
 */
export function createGrpcSubscriber(options: GrpcSubscriberOptions): EventSubscriber {
  const { transport, maxBackoffMs = 2_000 } = options;
  const logger = options.logger.child({ component: 'events-subscriber' });
  const queues = new Set<EventQueue>();
  let closed = false;
  /** Watches that wait for an API server to come back. */
  const broken = new Set<EventQueue>();

  async function pump(
    ref: Parameters<EventSubscriber['subscribe']>[0],
    from: number,
    queue: EventQueue,
    signal: AbortSignal,
  ): Promise<void> {
    let revision = from;
    let backoffMs = FIRST_BACKOFF_MS;
    while (!signal.aborted) {
      try {
        const watch = transport.watch(
          ref,
          { resourceVersion: String(revision), allowWatchBookmarks: true },
          signal,
        );
        for await (const batch of watch) {
          broken.delete(queue);
          backoffMs = FIRST_BACKOFF_MS;
          for (const one of batch) {
            const event = toBusEvent(one);
            if (!queue.push(event)) return;
            ({ revision } = event);
          }
        }
      } catch (err) {
        if (signal.aborted) return;
        if (isExpired(err)) return queue.end(new EventsError('Gap', (err as Error).message, err));
        if (!isPassing(err)) return queue.end(err as Error);
        logger.debug('the watch broke off', { err, revision });
      }
      if (signal.aborted) return;
      broken.add(queue);
      // A server that is stopping ends watches without error: then too, not all at once.
      await new Promise((resolve) => setTimeout(resolve, backoffMs * (0.5 + Math.random() / 2)));
      backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
    }
  }

  return {
    ready: () => !closed && broken.size === 0,
    subscribe(ref, { revision }, signal) {
      const released = new AbortController();
      const queue = createEventQueue({
        signal,
        maxEvents: options.maxQueuedEvents,
        released() {
          queues.delete(queue);
          broken.delete(queue);
          released.abort();
        },
      });
      if (closed) queue.end(new EventsError('Closed', 'the subscriber is closed'));
      else if (!(revision > 0)) queue.end(new EventsError('Gap', 'the position has no revision'));
      else {
        queues.add(queue);
        void pump(ref, revision, queue, released.signal);
      }
      return queue;
    },
    async close() {
      closed = true;
      for (const queue of [...queues]) queue.end(new EventsError('Closed', 'the subscriber is closed'));
    },
  };
}
