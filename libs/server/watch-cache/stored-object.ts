import type { KubeObject } from '@drydock/base/apimachinery';

/**
 * One object at one revision: its bytes as they go over the wire, and its parsed form, each made at most once and shared
 * by all readers. Read-only.
 */
export interface StoredObject {
  /** `namespace/name`, or `name` when cluster-scoped. */
  readonly key: string;
  /** 0 for what was never stored (answers to dry runs and objects made on the fly). */
  readonly revision: number;
  /** JSON text; begins `{"kind":…,"apiVersion":…,"metadata":{` and holds the resourceVersion. */
  readonly bytes: Uint8Array;
  readonly object: KubeObject;
  /** The custom format whose form the bytes are in; undefined when that is not known, or for built-in kinds. */
  shape?: object | undefined;
  /** Its protobuf message, kept by who encodes it first. */
  protobuf?: Uint8Array | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const versionPrefix = encoder.encode('"resourceVersion":"');
const m = 0x6d;
const quote = 0x22;
const comma = 0x2c;
/** `"metadata":{` */
const metadataKey = encoder.encode('"metadata":{');

/**
 * Where the text `"metadata":{` begins in an object's bytes. kind and apiVersion come before it and can hold no such text.
 * A list of a built-in kind carries its items without kind and apiVersion: `{` and the bytes from here on.
 */
export function metadataOffset(bytes: Uint8Array): number {
  const last = bytes.length - metadataKey.length;
  scan: for (let at = 1; at <= last; at++) {
    if (bytes[at + 1] !== m || bytes[at] !== quote) continue;
    for (let i = 2; i < metadataKey.length; i++) if (bytes[at + i] !== metadataKey[i]) continue scan;
    return at;
  }
  throw new TypeError('stored bytes hold no metadata');
}

/** Copies stored bytes with the resourceVersion put in front of the metadata's other fields. */
export function spliceRevision(value: Uint8Array, revision: number): Uint8Array {
  const at = metadataOffset(value) + metadataKey.length;
  const digits = String(revision);
  const added = versionPrefix.length + digits.length + 2;
  const bytes = new Uint8Array(value.length + added);
  // The tail is one block copy; head and insert are a few dozen bytes, cheaper by hand than by making views.
  bytes.set(value, added);
  for (let i = 0; i < at; i++) bytes[i] = value[i]!;
  let to = at;
  for (let i = 0; i < versionPrefix.length; i++) bytes[to++] = versionPrefix[i]!;
  for (let i = 0; i < digits.length; i++) bytes[to++] = digits.charCodeAt(i);
  bytes[to++] = quote;
  bytes[to] = comma;
  return bytes;
}

/** The same object's bytes with another resourceVersion. `bytes` must come from `spliceRevision`. */
function respliceRevision(bytes: Uint8Array, revision: number): Uint8Array {
  const at = metadataOffset(bytes) + metadataKey.length;
  let end = at + versionPrefix.length;
  while (bytes[end] !== quote) end++;
  end += 2;
  const stripped = new Uint8Array(bytes.length - (end - at));
  stripped.set(bytes.subarray(0, at));
  stripped.set(bytes.subarray(end), at);
  return spliceRevision(stripped, revision);
}

/**
 * The stored form of an object: kind, apiVersion and metadata first, no resourceVersion. The object's own
 * resourceVersion is left undefined; it gets one when the write is committed.
 */
export function encodeStored(object: KubeObject): Uint8Array {
  if (object.metadata.resourceVersion !== undefined) object.metadata.resourceVersion = undefined;
  const text = JSON.stringify(object);
  return encoder.encode(text);
}

/** Brings kind, apiVersion and metadata to the front, as the stored form wants them. Shallow; shares what is below. */
export function inStoredOrder(object: KubeObject, apiVersion: string, kind: string): KubeObject {
  const ordered: Record<string, unknown> = { kind, apiVersion, metadata: object.metadata };
  const source = object as unknown as Record<string, unknown>;
  for (const key in source) {
    if (key === 'kind' || key === 'apiVersion' || key === 'metadata' || key === '__proto__') continue;
    ordered[key] = source[key];
  }
  return ordered as unknown as KubeObject;
}

/** The cache's own StoredObject. Made from stored bytes, from a write under way, or from another item. */
export class StoredItem implements StoredObject {
  readonly key: string;
  revision: number;
  /** About how many bytes this holds on to. */
  readonly size: number;
  shape: object | undefined;
  protobuf: Uint8Array | undefined;
  #value: Uint8Array | undefined;
  #bytes: Uint8Array | undefined;
  #object: KubeObject | undefined;
  /** What this is another revision of, until the bytes are asked for. */
  #source: StoredItem | undefined;

  private constructor(
    key: string,
    revision: number,
    value: Uint8Array | undefined,
    object: KubeObject | undefined,
    source: StoredItem | undefined,
  ) {
    this.key = key;
    this.revision = revision;
    this.size = value?.length ?? source?.size ?? 0;
    this.#value = value;
    this.#object = object;
    this.#source = source;
    this.shape = source?.shape;
  }

  static fromStore(key: string, revision: number, value: Uint8Array): StoredItem {
    return new StoredItem(key, revision, value, undefined, undefined);
  }

  /** A write that is not committed yet: `commit` must be called with its revision before anybody else sees it. */
  static pending(key: string, object: KubeObject, value: Uint8Array): StoredItem {
    return new StoredItem(key, 0, value, object, undefined);
  }

  /** The write was made at `revision`. Idempotent. */
  commit(revision: number): void {
    if (this.revision === revision) return;
    this.revision = revision;
    if (this.#object !== undefined) this.#object.metadata.resourceVersion = String(revision);
  }

  get bytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    if (this.#source !== undefined)
      return (this.#bytes = respliceRevision(this.#source.bytes, this.revision));
    const value = this.#value!;
    if (this.revision === 0) return value;
    this.#value = undefined;
    return (this.#bytes = spliceRevision(value, this.revision));
  }

  get object(): KubeObject {
    if (this.#object !== undefined) return this.#object;
    if (this.#source === undefined)
      return (this.#object = JSON.parse(decoder.decode(this.bytes)) as KubeObject);
    const source = this.#source.object;
    const metadata = { ...source.metadata, resourceVersion: String(this.revision) };
    return (this.#object = { ...source, metadata });
  }

  /** Gives the parsed form back to the collector: this state has been replaced. It is parsed again if it is asked for. */
  shed(): void {
    if (this.#source === undefined) this.#object = undefined;
  }

  /** This state under another resourceVersion: what a DELETED event carries. Costs nothing until it is looked at. */
  atRevision(revision: number): StoredItem {
    return new StoredItem(this.key, revision, undefined, undefined, this.#source ?? this);
  }
}

/** A StoredObject for something that is not in the store; its bytes are made when they are asked for. */
export function looseObject(
  object: KubeObject,
  revision = 0,
  key = object.metadata.name ?? '',
): StoredObject {
  let bytes: Uint8Array | undefined;
  return {
    key,
    revision,
    object,
    get bytes() {
      return (bytes ??= encoder.encode(JSON.stringify(object)));
    },
  };
}
