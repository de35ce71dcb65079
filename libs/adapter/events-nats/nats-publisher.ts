import { randomUUID } from 'node:crypto';
import type { ChangeSource, EventCursor, EventPublisher, PublisherRole } from '@drydock/port/events';
import type { Metrics } from '@drydock/port/observability';
import { noMetrics } from '@drydock/port/observability';
import { createBell } from './bell.ts';
import { createChangeFeed } from './change-feed.ts';
import type { NatsLink, NatsOptions, NatsSession } from './connection.ts';
import { openLink } from './connection.ts';
import { createOutbox } from './outbox.ts';
import type { LastMessage, StreamPlace } from './stream.ts';
import { cursorOf, ensureStream, isOvertaken, lastMessage, placeOf } from './stream.ts';
import { DEFAULT_STREAM, prefixOf } from './subjects.ts';

export interface NatsPublisherOptions extends NatsOptions {
  readonly source: ChangeSource;
  /** Unique among the publishers of the stream. Default random. */
  readonly id?: string;
  /** How long the stream keeps a change. Default one hour. */
  readonly maxAgeMs?: number;
  /** How many bytes it keeps. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Servers that keep a copy; 3 for a cluster of three. Default 1. */
  readonly replicas?: number;
  /** How long the server remembers ids of messages. Default two minutes. */
  readonly duplicateWindowMs?: number;
  /** How long changes may stay unpublished before another publisher takes over. Default 2,000. */
  readonly takeoverMs?: number;
  /** A publisher with nothing to publish says so this often. Default 3,000. */
  readonly progressMs?: number;
  /** Changes held in memory while NATS is away; more are read from the store again. Default 20,000. */
  readonly maxQueuedChanges?: number;
  /** … or bytes of them. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  readonly metrics?: Metrics;
}

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;
const DEFAULTS = { maxAgeMs: 3_600_000, maxBytes: 1024 ** 3, replicas: 1, duplicateWindowMs: 120_000 };

/**
 * Publishes committed changes to a JetStream stream, each exactly once, in revision order.
 *
 * There is no election. Every message is sent with the sequence number that it expects to follow, so the stream itself
 * takes only what follows its last message: of two publishers one is refused, and stands by. The one standing by reads
 * how far the stream is; when changes stay unpublished for `takeoverMs` it goes on after the last message. A publisher
 * that was stopped for a while is refused in the same way.
 *
 * Where it cannot go on without a gap (the stream is empty, or the store has forgotten what follows its last message),
 * the stream is made anew: every cursor into it is then void, and consumers list again.
 *
 * Wiring, in every apiserver: `createNatsPublisher({ servers, source: createStoreChangeSource(store), logger, metrics })`,
 * `start` it after the store is open, and give `cursor: () => publisher.cursor()` to `createRpcServer`.
 */
export function createNatsPublisher(options: NatsPublisherOptions): EventPublisher {
  const { source, id = randomUUID(), takeoverMs = 2_000, progressMs = 3_000 } = options;
  const streamName = options.stream ?? DEFAULT_STREAM;
  const prefix = options.subjectPrefix ?? prefixOf(streamName);
  const logger = options.logger.child({ component: 'events-publisher' });
  const metrics = options.metrics ?? noMetrics;
  const published = metrics.counter({
    name: 'drydock_events_published_total',
    help: 'Changes published to the event bus by this process',
  });
  const publishedRevision = metrics.gauge({
    name: 'drydock_events_published_revision',
    help: 'Revision up to which changes are known to be published',
  });
  const bounds = { ...DEFAULTS, ...pick(options) };
  const bell = createBell();
  const feed = createChangeFeed({
    source,
    rung: bell.ring,
    maxChanges: options.maxQueuedChanges ?? 20_000,
    maxBytes: options.maxQueuedBytes ?? 64 * 1024 * 1024,
    logger,
  });
  const stopper = new AbortController();
  let link: NatsLink | undefined;
  let running: Promise<void> | undefined;
  let role: PublisherRole = 'away';
  let position: { streamId: string; seq: number; revision: number } | undefined;
  /** Another publisher was quicker. */
  let refused = false;

  function note(streamId: string, seq: number, revision: number): void {
    position = { streamId, seq, revision };
    publishedRevision.set(revision);
  }

  function enter(next: PublisherRole, fields: Record<string, unknown> = {}): void {
    if (role !== next) logger.info('role of the publisher changed', { from: role, to: next, ...fields });
    role = next;
  }

  /** An empty stream in place of this one. */
  async function anew({ manager }: NatsSession, place: StreamPlace): Promise<StreamPlace> {
    if (place.lastSeq === 0) return place;
    logger.warn('the stream is made anew, consumers will list again', { lastSequence: place.lastSeq });
    await manager.streams.delete(streamName);
    return ensureStream(manager, streamName, prefix, bounds);
  }

  /** The last message published; undefined where nothing in the stream says how far it is. */
  async function findLast(session: NatsSession, place: StreamPlace): Promise<LastMessage | undefined> {
    const newest = await source.revision();
    const last = await lastMessage(session.manager, streamName, place);
    if (last !== undefined) return last.revision <= newest ? last : undefined;
    // Emptied by someone; but if nothing was published since this process did, it knows.
    if (position?.streamId !== place.id || position.seq !== place.lastSeq) return undefined;
    return { seq: position.seq, revision: position.revision, publisher: id };
  }

  async function standBy(session: NatsSession, place: StreamPlace, from: LastMessage): Promise<LastMessage> {
    enter('standing-by');
    let last = from;
    let moved = performance.now();
    let idle = moved;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(500, takeoverMs / 4)));
      check();
      const now = placeOf(await link!.whileConnected(session.manager.streams.info(streamName)));
      if (now.id !== place.id) throw new Error('the stream was made anew by another publisher');
      if (now.lastSeq !== last.seq) {
        const newest = await lastMessage(session.manager, streamName, now);
        if (newest === undefined) throw new Error('the stream is empty');
        last = newest;
        moved = idle = performance.now();
        feed.seek(last.revision);
        note(place.id, last.seq, last.revision);
      }
      if (feed.lostAt() !== undefined) throw new Error('the store has forgotten what follows');
      if (feed.outstanding() === 0) idle = performance.now();
      const silent = performance.now() - moved > 2 * progressMs + takeoverMs;
      if (silent || performance.now() - idle >= takeoverMs) return last;
    }
  }

  function check(): void {
    if (stopper.signal.aborted) throw new Error('the publisher is stopped');
    if (link?.connected() !== true) throw new Error('the connection to NATS is lost');
  }

  async function publish(session: NatsSession, place: StreamPlace, last: LastMessage): Promise<never> {
    enter('publishing', { revision: last.revision, sequence: last.seq });
    const outbox = createOutbox({
      ...{ session, streamName, prefix, publisher: id, after: last.seq },
      acknowledged(seq, revision, changes) {
        note(place.id, seq, revision);
        feed.acknowledged(revision);
        if (changes > 0) published.inc([], changes);
        bell.ring();
      },
      failed: bell.ring,
    });
    let revision = last.revision;
    // The first message of a new stream says from which revision on it is complete.
    if (last.seq === 0) outbox.progress(revision);
    let spoke = performance.now();
    for (;;) {
      check();
      if (outbox.failure() !== undefined) throw outbox.failure();
      if (feed.lostAt() !== undefined) throw new Error('the store has forgotten what follows');
      const change = outbox.full() ? undefined : feed.next();
      if (change !== undefined) {
        // Undefined when it could be sent at once.
        const sending = outbox.send(change);
        if (sending !== undefined) await link!.whileConnected(sending);
        feed.sent();
        ({ revision } = change);
        spoke = performance.now();
        continue;
      }
      await bell.wait(progressMs);
      if (performance.now() - spoke >= progressMs && outbox.idle()) {
        outbox.progress(revision);
        spoke = performance.now();
      }
    }
  }

  /** From a connection to its end, or to anything that makes it uncertain what the stream holds. */
  async function attend(): Promise<void> {
    const session = await link!.session(stopper.signal);
    const place = await link!.whileConnected(ensureStream(session.manager, streamName, prefix, bounds));
    let last = await link!.whileConnected(findLast(session, place));
    const lostAt = feed.lostAt();
    // Another publisher may have got beyond what the store has forgotten; if not, it is lost.
    if (last === undefined || (lostAt !== undefined && last.revision <= lostAt)) {
      const empty = await anew(session, place);
      const revision = await source.revision();
      feed.seek(revision);
      return publish(session, empty, { seq: 0, revision, publisher: id });
    }
    feed.seek(last.revision);
    note(place.id, last.seq, last.revision);
    if (refused && last.publisher !== id) last = await standBy(session, place, last);
    refused = false;
    return publish(session, place, last);
  }

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopper.signal.aborted) {
      try {
        await attend();
      } catch (err) {
        if (stopper.signal.aborted) break;
        if (isOvertaken(err)) {
          refused = true;
          continue;
        }
        // A publisher that was at work begins again soon; one that cannot even begin, ever more slowly.
        retryMs = role === 'away' ? Math.min(retryMs * 2, MAX_RETRY_MS) : FIRST_RETRY_MS;
        enter('away');
        logger.warn('publishing is interrupted, beginning again after the last message', { err });
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    enter('away');
  }

  return {
    name: 'events-publisher',
    get role() {
      return role;
    },
    async start() {
      link = openLink(options);
      link.onChange(bell.ring);
      running = run();
    },
    async stop() {
      stopper.abort();
      bell.ring();
      feed.stop();
      await link?.close();
      await running;
    },
    ready: () => role !== 'away',
    cursor: (): EventCursor | undefined =>
      position === undefined ? undefined : cursorOf(position.streamId, position.seq),
    publishedRevision: () => position?.revision ?? 0,
  };
}

function pick({
  maxAgeMs,
  maxBytes,
  replicas,
  duplicateWindowMs,
}: NatsPublisherOptions): Partial<typeof DEFAULTS> {
  return Object.fromEntries(
    Object.entries({ maxAgeMs, maxBytes, replicas, duplicateWindowMs }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
