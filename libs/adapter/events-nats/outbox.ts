import type { CommittedChange } from '@drydock/port/events';
import { headers as newHeaders } from '@nats-io/transport-node';
import type { NatsSession } from './connection.ts';
import { REQUEST_TIMEOUT_MS } from './connection.ts';
import { Header, messageOf, Overtaken } from './stream.ts';
import { isSendable, progressSubject, resourceFilter, subjectOf, unnamedSubject } from './subjects.ts';

export interface OutboxOptions {
  readonly session: NatsSession;
  readonly streamName: string;
  readonly prefix: string;
  readonly publisher: string;
  /** Sequence number of the stream's last message. */
  readonly after: number;
  /** Everything up to this revision is in the stream, the last of it at `seq`; called in order. */
  readonly acknowledged: (seq: number, revision: number, changes: number) => void;
  /** Something was not taken; see `failure`. */
  readonly failed: () => void;
}

/** Sends messages one upon the other without waiting for each. After a failure it is of no more use. */
export interface Outbox {
  /** Sends a change; a promise only where something has to be looked up first. */
  send(change: CommittedChange): Promise<void> | undefined;
  /** Says that everything up to `revision` has been published. */
  progress(revision: number): void;
  /** Too much is unacknowledged to send more. */
  full(): boolean;
  /** Nothing is unacknowledged. */
  idle(): boolean;
  failure(): unknown;
}

const MAX_IN_FLIGHT = 512;
const MAX_BYTES_IN_FLIGHT = 16 * 1024 * 1024;
/** What headers and subject may take of the server's max_payload. */
const HEADER_ROOM = 8 * 1024;
const nothing = new Uint8Array();

/** Makes an outbox that begins after the stream's last message. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { session, streamName, prefix, publisher } = options;
  const maxPayload = session.connection.info?.max_payload ?? 1024 * 1024;
  /** By resource: revision of its last message in the stream. */
  const chains = new Map<string, number>();
  let last = options.after;
  let inFlight = 0;
  let bytesInFlight = 0;
  let failure: unknown;

  function publish(
    subject: string,
    payload: Uint8Array,
    revision: number,
    fields: Record<string, string>,
  ): void {
    const headers = newHeaders();
    headers.set(Header.revision, String(revision));
    headers.set(Header.publisher, publisher);
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    headers.set('Nats-Expected-Last-Sequence', String(last));
    const seq = ++last;
    const isChange = fields[Header.type] !== undefined;
    inFlight++;
    bytesInFlight += payload.byteLength;
    session.client.publish(subject, payload, { headers, timeout: REQUEST_TIMEOUT_MS }).then(
      (ack) => {
        inFlight--;
        bytesInFlight -= payload.byteLength;
        if (failure !== undefined) return;
        if (ack.seq === seq && !ack.duplicate) return options.acknowledged(seq, revision, isChange ? 1 : 0);
        // Two publishers send the same change under the same id: the server tells the second where it has it.
        failure = new Overtaken(`message ${seq} was there already as ${ack.seq}`);
        options.failed();
      },
      (error: unknown) => {
        inFlight--;
        failure ??= error;
        options.failed();
      },
    );
  }

  function sendAfter(change: CommittedChange, chain: number): void {
    const { group, resource, revision } = change;
    const object = change.object();
    const named = subjectOf(prefix, change);
    const omitted = object.byteLength + HEADER_ROOM > maxPayload || !isSendable(named);
    const subject = isSendable(named) ? named : unnamedSubject(prefix, change);
    publish(subject, omitted ? nothing : object, revision, {
      'Nats-Msg-Id': String(revision),
      [Header.type]: change.type,
      [Header.previousRevision]: String(change.previousRevision),
      [Header.chain]: String(chain),
      ...(omitted ? { [Header.omitted]: String(object.byteLength) } : {}),
    });
    chains.set(`${group}/${resource}`, revision);
  }

  /** What the stream has of a resource that was not yet published from here. */
  async function lookUp(change: CommittedChange): Promise<number> {
    const filter = resourceFilter(prefix, change);
    const message = await messageOf(session.manager, streamName, { last_by_subj: filter });
    return Number(message?.header.get(Header.revision) ?? 0);
  }

  return {
    send(change) {
      const chain = chains.get(`${change.group}/${change.resource}`);
      if (chain === undefined) return lookUp(change).then((found) => sendAfter(change, found));
      sendAfter(change, chain);
      return undefined;
    },
    progress: (revision) => publish(progressSubject(prefix), nothing, revision, {}),
    full: () => inFlight >= MAX_IN_FLIGHT || bytesInFlight >= MAX_BYTES_IN_FLIGHT,
    idle: () => inFlight === 0,
    failure: () => failure,
  };
}
