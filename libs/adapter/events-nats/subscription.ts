import { randomUUID } from 'node:crypto';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { BusEvent, BusEventType, EventCursor, EventPosition, EventQueue } from '@drydock/port/events';
import { EventsError } from '@drydock/port/events';
import type { Logger } from '@drydock/port/observability';
import type { ResourceRef } from '@drydock/port/transport';
import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import type { Msg, Subscription as NatsSubscription } from '@nats-io/transport-node';
import { createInbox, nanos } from '@nats-io/transport-node';
import type { NatsLink, NatsSession } from './connection.ts';
import { cursorOf, Header, isStreamMissing, messageOf, parseCursor, placeOf } from './stream.ts';
import { namesOf, resourceFilter } from './subjects.ts';

export interface SubscriptionOptions {
  readonly link: NatsLink;
  readonly streamName: string;
  readonly prefix: string;
  readonly heartbeatMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly queue: EventQueue;
}

export interface Subscription {
  /** Called about once a heartbeat: begins anew when nothing was heard for too long. */
  check(): void;
  /** Begins anew after the last message seen, with a consumer of its own. */
  reopen(): void;
  close(): void;
}

const RETRY_MS = 250;
const UNUSED_CONSUMER_MS = 30_000;

class NatsEvent implements BusEvent {
  readonly type: BusEventType;
  readonly revision: number;
  readonly previousRevision: number;
  readonly cursor: EventCursor;
  readonly namespace: string;
  readonly name: string;
  #message: Msg | undefined;
  #object: KubeObject | undefined;

  constructor(message: Msg, type: BusEventType, revision: number, cursor: EventCursor) {
    this.type = type;
    this.revision = revision;
    this.previousRevision = Number(message.headers?.get(Header.previousRevision));
    this.cursor = cursor;
    ({ namespace: this.namespace, name: this.name } = namesOf(message.subject));
    this.#message = message;
  }

  get object(): KubeObject {
    this.#object ??= this.#message!.json<KubeObject>();
    this.#message = undefined;
    return this.#object;
  }
}

/** Sequence numbers in the subject a message would be acknowledged at: `$JS.ACK.…<stream seq>.<consumer seq>.<time>.<pending>` */
function sequencesOf(reply: string): { stream: number; consumer: number; pending: number } {
  const tokens = reply.split('.');
  const shift = tokens.length >= 11 ? 2 : 0;
  return {
    stream: Number(tokens[5 + shift]),
    consumer: Number(tokens[6 + shift]),
    pending: Number(tokens[8 + shift]),
  };
}

/**
 * One follower of one resource: a push consumer of the stream that is made anew whenever something is not as it should
 * be. Three things together tell a gap: the stream is another one or begins after what was seen; the server delivered
 * fewer messages than it announced; a change names a predecessor that was not seen.
 */
export function createSubscription(
  ref: ResourceRef,
  from: EventPosition,
  options: SubscriptionOptions,
): Subscription {
  const { link, streamName, prefix, heartbeatMs, logger, signal, queue } = options;
  const start = from.cursor === undefined ? undefined : parseCursor(from.cursor);
  const filter = resourceFilter(prefix, ref);
  /** Everything of the resource up to this sequence number and revision has been seen. */
  let seenSeq = start?.seq ?? 0;
  let seen = from.revision;
  let live: { name: string; inbox: NatsSubscription; session: NatsSession; delivered: number } | undefined;
  /** What the server said was still to come after the last message. */
  let announced = 0;
  let heardAt = performance.now();
  let opening = false;
  let again = false;

  const gap = (reason: string): void => queue.end(new EventsError('Gap', reason));

  function drop(): void {
    const old = live;
    live = undefined;
    if (old === undefined) return;
    old.inbox.unsubscribe();
    if (link.connected()) void old.session.manager.consumers.delete(streamName, old.name).catch(() => false);
  }

  /** False when what follows the last message seen is not (all) there. */
  async function complete({ manager }: NatsSession): Promise<boolean> {
    const at = seenSeq;
    let place;
    try {
      place = placeOf(await manager.streams.info(streamName));
    } catch (error) {
      if (!isStreamMissing(error)) throw error;
      gap('the stream is gone');
      return false;
    }
    if (place.id !== start?.id) gap('the stream was made anew');
    else if (place.firstSeq > at + 1) gap(`the stream begins at ${place.firstSeq}, after ${at} was seen`);
    else if (place.lastSeq < at) gap(`the stream ends at ${place.lastSeq}, before ${at} that was seen`);
    else return true;
    return false;
  }

  async function open(): Promise<void> {
    drop();
    const session = await link.session(signal);
    if (!(await link.whileConnected(complete(session))) || signal.aborted) return;
    const name = randomUUID().replaceAll('-', '');
    const deliverTo = createInbox();
    announced = 0;
    const inbox = session.connection.subscribe(deliverTo, {
      callback(error, message) {
        if (live?.name === name && error === null) receive(message);
      },
    });
    live = { name, inbox, session, delivered: 0 };
    heardAt = performance.now();
    const made = session.manager.consumers.add(streamName, {
      name,
      deliver_subject: deliverTo,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: seenSeq + 1,
      filter_subject: filter,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      flow_control: true,
      idle_heartbeat: nanos(heartbeatMs),
      inactive_threshold: nanos(UNUSED_CONSUMER_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    await link.whileConnected(made);
  }

  function reopen(): void {
    again = true;
    if (!opening) void keepOpening();
  }

  async function keepOpening(): Promise<void> {
    opening = true;
    while (again && !signal.aborted) {
      again = false;
      try {
        await open();
      } catch (err) {
        if (signal.aborted) break;
        logger.debug('cannot follow the stream yet', { err });
        again = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    opening = false;
    if (signal.aborted) drop();
  }

  function receive(message: Msg): void {
    heardAt = performance.now();
    if (message.data.byteLength === 0 && message.headers?.code === 100) return control(message);
    const { stream, consumer, pending } = sequencesOf(message.reply ?? '');
    if (consumer !== live!.delivered + 1) return reopen();
    live!.delivered = consumer;
    announced = pending;
    take(message, stream);
  }

  function take(message: Msg, seq: number): void {
    const { headers } = message;
    const revision = Number(headers?.get(Header.revision));
    const chain = Number(headers?.get(Header.chain));
    seenSeq = seq;
    // Known from the list, or from before the consumer was made anew.
    if (!(revision > seen)) return;
    if (chain > seen) return gap(`a change after revision ${seen} is missing`);
    seen = revision;
    if (headers?.get(Header.omitted)) return gap(`the object at revision ${revision} is too big for NATS`);
    const event = new NatsEvent(
      message,
      headers?.get(Header.type) as BusEventType,
      revision,
      cursorOf(start!.id, seq),
    );
    if (ref.namespace !== undefined && ref.namespace !== event.namespace) return;
    if (ref.name !== undefined && ref.name !== event.name) return;
    if (!queue.push(event)) drop();
  }

  function control(message: Msg): void {
    const { headers } = message;
    const stalled = headers?.get('Nats-Consumer-Stalled');
    // A flow control request is answered where it asks, a stalled consumer where its heartbeat says.
    if (message.reply) message.respond();
    else if (stalled) live!.session.connection.publish(stalled);
    if (headers?.description !== 'Idle Heartbeat' || stalled) return;
    if (Number(headers.get('Nats-Last-Consumer')) !== live!.delivered) return reopen();
    if (announced > 0) return gap('messages that the server announced were removed');
    const upTo = Number(headers.get('Nats-Last-Stream'));
    if (upTo > seenSeq) void advance(live!.session, upTo);
  }

  /** The server has looked up to this message and had nothing more for us. */
  async function advance(session: NatsSession, upTo: number): Promise<void> {
    const at = seenSeq;
    try {
      if (!(await complete(session))) return;
      const message = await messageOf(session.manager, streamName, { seq: upTo });
      // Meanwhile messages may have come; then the next heartbeat will tell.
      if (seenSeq !== at || live?.session !== session) return;
      seenSeq = upTo;
      const revision = Number(message?.header.get(Header.revision));
      if (!(revision > seen)) return;
      seen = revision;
      const object = { kind: '', apiVersion: '', metadata: { resourceVersion: String(revision) } };
      const cursor = cursorOf(start!.id, upTo);
      queue.push({ type: 'BOOKMARK', revision, cursor, namespace: '', name: '', object });
    } catch (err) {
      logger.debug('cannot tell how far the stream is', { err });
    }
  }

  if (start === undefined) gap('the position has no cursor');
  else reopen();

  return {
    check() {
      if (link.connected() && !opening && performance.now() - heardAt > 3 * heartbeatMs) reopen();
    },
    reopen,
    close: drop,
  };
}
