import type { EventCursor } from '@drydock/port/events';
import type { JetStreamManager, StoredMsg, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { JetStreamApiCodes, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

/** Headers of a published change. `Chain` is the revision of the resource's change published before, 0 for the first. */
export const Header = {
  revision: 'Drydock-Revision',
  type: 'Drydock-Type',
  previousRevision: 'Drydock-Previous-Revision',
  chain: 'Drydock-Chain',
  publisher: 'Drydock-Publisher',
  /** There when the object was too big for the server's max_payload. */
  omitted: 'Drydock-Object-Omitted',
} as const;

export interface StreamBounds {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly replicas: number;
  readonly duplicateWindowMs: number;
}

/** The newest message, as far as a publisher has to know it. */
export interface LastMessage {
  readonly seq: number;
  readonly revision: number;
  readonly publisher: string;
}

export interface StreamPlace {
  /** Time of creation: a stream that was made anew is another one. */
  readonly id: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

const codeOf = (error: unknown): number | undefined =>
  error instanceof JetStreamApiError ? error.code : undefined;

export const isStreamMissing = (error: unknown): boolean =>
  codeOf(error) === JetStreamApiCodes.StreamNotFound;

/** The stream had this message already, as the same or as another number. */
export class Overtaken extends Error {}

/** Somebody else has published. */
export const isOvertaken = (error: unknown): boolean => {
  const code = codeOf(error);
  return (
    error instanceof Overtaken ||
    code === JetStreamApiCodes.StreamWrongLastSequence ||
    code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
};

export const placeOf = ({ created, state }: StreamInfo): StreamPlace => ({
  id: String(created),
  firstSeq: Number(state.first_seq),
  lastSeq: Number(state.last_seq),
});

export const cursorOf = (id: string, seq: number): EventCursor => `${seq}@${id}`;

export function parseCursor(cursor: EventCursor): { id: string; seq: number } | undefined {
  const [, seq, id] = /^(\d+)@(.+)$/.exec(cursor) ?? [];
  return id === undefined ? undefined : { id, seq: Number(seq) };
}

/** The message, or undefined where there is none (any more). */
export async function messageOf(
  manager: JetStreamManager,
  stream: string,
  query: { seq: number } | { last_by_subj: string },
): Promise<StoredMsg | undefined> {
  return (await manager.streams.getMessage(stream, query)) ?? undefined;
}

export async function lastMessage(
  manager: JetStreamManager,
  stream: string,
  place: StreamPlace,
): Promise<LastMessage | undefined> {
  // A stream that never had a message begins and ends at 0, an emptied one begins after its end.
  if (place.lastSeq === 0 || place.lastSeq < place.firstSeq) return undefined;
  const message = await messageOf(manager, stream, { seq: place.lastSeq });
  const revision = Number(message?.header.get(Header.revision));
  if (message === undefined || !(revision > 0)) return undefined;
  return { seq: message.seq, revision, publisher: message.header.get(Header.publisher) };
}

/** The stream as it is, brought to these bounds; made when it is missing. */
export async function ensureStream(
  manager: JetStreamManager,
  name: string,
  prefix: string,
  bounds: StreamBounds,
): Promise<StreamPlace> {
  const bounded = {
    max_age: nanos(bounds.maxAgeMs),
    max_bytes: bounds.maxBytes,
    duplicate_window: nanos(Math.min(bounds.duplicateWindowMs, bounds.maxAgeMs)),
    num_replicas: bounds.replicas,
  };
  try {
    const info = await manager.streams.info(name);
    const { config } = info;
    const same = (Object.keys(bounded) as (keyof typeof bounded)[]).every(
      (key) => config[key] === bounded[key],
    );
    return placeOf(same ? info : await manager.streams.update(name, { ...config, ...bounded }));
  } catch (error) {
    if (!isStreamMissing(error)) throw error;
  }
  const config: Partial<StreamConfig> & { name: string } = {
    ...bounded,
    name,
    description: 'Committed changes of a Drydock cluster, in revision order',
    subjects: [`${prefix}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    allow_direct: false,
  };
  return placeOf(await manager.streams.add(config));
}
