import type { EventSubscriber } from '@drydock/port/events';
import { createEventQueue, EventsError } from '@drydock/port/events';
import type { EventQueue } from '@drydock/port/events';
import type { NatsOptions } from './connection.ts';
import { openLink } from './connection.ts';
import { startPulse } from './pulse.ts';
import { DEFAULT_STREAM, prefixOf } from './subjects.ts';
import type { Subscription } from './subscription.ts';
import { createSubscription } from './subscription.ts';

export interface NatsSubscriberOptions extends NatsOptions {
  /** Events a consumer may be behind before it is let go. Default 10,000. */
  readonly maxQueuedEvents?: number;
  /** How often the server speaks when it has nothing to tell; a break is noticed after three times as long. Default 5,000. */
  readonly heartbeatMs?: number;
  /** A bus on which nobody publishes for this long does not count as ready. Default 10,000: three times a publisher's progress. */
  readonly silentMs?: number;
}

/**
 * Follows the stream of `createNatsPublisher`. Connects in the background, and again after a break; subscriptions go on
 * where they were. One for a process.
 *
 * Wiring, in every process that follows resources:
 * `createEventTransport(createRpcTransport({ address, … }), createNatsSubscriber({ servers, logger }))`.
 */
export function createNatsSubscriber(options: NatsSubscriberOptions): EventSubscriber {
  const { heartbeatMs = 5_000, silentMs = 10_000, stream: streamName = DEFAULT_STREAM } = options;
  const logger = options.logger.child({ component: 'events-subscriber' });
  const link = openLink({ ...options, logger });
  const pulse = startPulse({ link, streamName, silentMs, everyMs: Math.min(heartbeatMs, 2_000) });
  const subscriptions = new Map<EventQueue, Subscription>();
  let closed = false;
  const timer = setInterval(() => {
    for (const subscription of subscriptions.values()) subscription.check();
  }, heartbeatMs).unref();
  link.onChange((connected) => {
    if (connected) for (const subscription of subscriptions.values()) subscription.reopen();
  });

  return {
    ready: () => !closed && pulse.alive(),
    subscribe(ref, from, signal) {
      const released = new AbortController();
      const queue = createEventQueue({
        signal,
        maxEvents: options.maxQueuedEvents,
        released() {
          released.abort();
          subscriptions.get(queue)?.close();
          subscriptions.delete(queue);
        },
      });
      if (closed) {
        queue.end(new EventsError('Closed', 'the subscriber is closed'));
        return queue;
      }
      const subscription = createSubscription(ref, from, {
        ...{ link, streamName, heartbeatMs, logger, queue },
        prefix: options.subjectPrefix ?? prefixOf(streamName),
        signal: released.signal,
      });
      if (!released.signal.aborted) subscriptions.set(queue, subscription);
      return queue;
    },
    async close() {
      closed = true;
      clearInterval(timer);
      pulse.stop();
      for (const queue of [...subscriptions.keys()]) {
        queue.end(new EventsError('Closed', 'the subscriber is closed'));
      }
      await link.close();
    },
  };
}
