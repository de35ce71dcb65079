import type { KubeObject } from '@drydock/base/apimachinery';
import { respliceRevision, spliceRevision } from '@drydock/base/apimachinery';

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
