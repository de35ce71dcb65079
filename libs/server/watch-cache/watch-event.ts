import type { KubeObject } from '@drydock/base/apimachinery';
import type { WatchEventType } from '@drydock/port/transport';
import type { StoredItem, StoredObject } from './stored-object.ts';
import { looseObject } from './stored-object.ts';

const encoder = new TextEncoder();
const heads: Readonly<Record<WatchEventType, Uint8Array>> = {
  ADDED: encoder.encode('{"type":"ADDED","object":'),
  MODIFIED: encoder.encode('{"type":"MODIFIED","object":'),
  DELETED: encoder.encode('{"type":"DELETED","object":'),
  BOOKMARK: encoder.encode('{"type":"BOOKMARK","object":'),
};
const closeBrace = 0x7d;
const newline = 0x0a;

/** One event as a watcher sees it; shared by all watchers that see it the same way. Fits the transport's `WatchEvent`. */
export class StoredWatchEvent {
  readonly type: WatchEventType;
  readonly stored: StoredObject;
  /** State before a modification; undefined where it is not known or there was none. */
  readonly previous: StoredItem | undefined;
  #forms: Map<string, Uint8Array> | undefined;

  constructor(type: WatchEventType, stored: StoredObject, previous?: StoredItem) {
    this.type = type;
    this.stored = stored;
    this.previous = previous;
  }

  /** The event's resourceVersion. */
  get revision(): number {
    return this.stored.revision;
  }

  get object(): KubeObject {
    return this.stored.object;
  }

  /** An encoding of this event, made once for all watchers. `format` names it, e.g. the media type. */
  encodeOnce(format: string, encode: (event: StoredWatchEvent) => Uint8Array): Uint8Array {
    let bytes = this.#forms?.get(format);
    if (bytes === undefined) {
      bytes = encode(this);
      (this.#forms ??= new Map()).set(format, bytes);
    }
    return bytes;
  }
}

/** Events in revision order; the very same array goes to all watchers that want the same. */
export type WatchBatch = readonly StoredWatchEvent[];

const joined = new WeakMap<WatchBatch, Uint8Array>();

/** The batch as JSON lines `{"type":…,"object":…}`, made once however many watchers send it. */
export function watchBatchLines(batch: WatchBatch): Uint8Array {
  let bytes = joined.get(batch);
  if (bytes !== undefined) return bytes;
  let size = 0;
  for (const event of batch) size += heads[event.type].length + event.stored.bytes.length + 2;
  bytes = new Uint8Array(size);
  let at = 0;
  for (const event of batch) {
    const head = heads[event.type];
    bytes.set(head, at);
    at += head.length;
    const body = event.stored.bytes;
    bytes.set(body, at);
    at += body.length;
    bytes[at++] = closeBrace;
    bytes[at++] = newline;
  }
  // A batch of one watcher alone would only fill the table; the table pays off with the second reader at the latest.
  joined.set(batch, bytes);
  return bytes;
}

/** One committed change of one object, in all the ways watchers may see it. */
export class Change {
  readonly key: string;
  readonly revision: number;
  /** State after the change; undefined when the object was deleted. */
  readonly current: StoredItem | undefined;
  /** State before; undefined when the object was created. */
  readonly previous: StoredItem | undefined;
  /** About how many bytes the change keeps alive. */
  readonly size: number;
  #added: StoredWatchEvent | undefined;
  #modified: StoredWatchEvent | undefined;
  #deleted: StoredWatchEvent | undefined;

  constructor(
    key: string,
    revision: number,
    current: StoredItem | undefined,
    previous: StoredItem | undefined,
  ) {
    this.key = key;
    this.revision = revision;
    this.current = current;
    this.previous = previous;
    this.size = 200 + (previous?.size ?? 0) + (current?.size ?? 0);
  }

  added(): StoredWatchEvent {
    return (this.#added ??= new StoredWatchEvent('ADDED', this.current!));
  }

  modified(): StoredWatchEvent {
    return (this.#modified ??= new StoredWatchEvent('MODIFIED', this.current!, this.previous));
  }

  /** The last state with the revision of this change, whether the object is gone or only left the selection. */
  deleted(): StoredWatchEvent {
    return (this.#deleted ??= new StoredWatchEvent('DELETED', this.previous!.atRevision(this.revision)));
  }
}

/** A bookmark: everything up to `revision` has been sent. */
export function bookmarkEvent(
  apiVersion: string,
  kind: string,
  revision: number,
  annotations?: Record<string, string>,
): StoredWatchEvent {
  const object: KubeObject = {
    kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
  return new StoredWatchEvent('BOOKMARK', looseObject(object, revision));
}
