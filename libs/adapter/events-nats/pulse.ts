import type { NatsLink } from './connection.ts';
import { isStreamMissing, placeOf } from './stream.ts';

export interface PulseOptions {
  readonly link: NatsLink;
  readonly streamName: string;
  /** How often the stream is looked at. */
  readonly everyMs: number;
  /** A stream to which nobody publishes for this long tells no news, whatever happens. */
  readonly silentMs: number;
}

/** How late the answer to a look may be before JetStream counts as silent. */
const PATIENCE_MS = 3_000;

/** Whether the bus carries news: a connection alone does not say so. */
export interface Pulse {
  /** JetStream answers, and somebody publishes, if only that there is nothing to publish. */
  alive(): boolean;
  stop(): void;
}

/**
 * Looks at the stream again and again. A server may be there without JetStream (disabled, or its cluster has no majority), and the
 * publishers may be cut off from it while consumers are not: in both, a consumer would wait in vain for changes that are made.
 */
export function startPulse({ link, streamName, everyMs, silentMs }: PulseOptions): Pulse {
  const stopper = new AbortController();
  let place = '';
  let movedAt = -Infinity;
  let answeredAt = -Infinity;

  async function look(): Promise<void> {
    const { manager } = await link.session(stopper.signal);
    try {
      const { id, lastSeq } = placeOf(await link.whileConnected(manager.streams.info(streamName)));
      answeredAt = performance.now();
      if (place === `${id} ${lastSeq}`) return;
      place = `${id} ${lastSeq}`;
      movedAt = answeredAt;
    } catch (error) {
      // Nothing to follow, but JetStream is there.
      if (isStreamMissing(error)) answeredAt = performance.now();
    }
  }

  async function keepLooking(): Promise<void> {
    while (!stopper.signal.aborted) {
      // Ends with an error only where the link is closed.
      await look().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, everyMs).unref());
    }
  }
  void keepLooking();

  return {
    alive() {
      const now = performance.now();
      return link.connected() && now - answeredAt < everyMs + PATIENCE_MS && now - movedAt < silentMs;
    },
    stop: () => stopper.abort(),
  };
}
