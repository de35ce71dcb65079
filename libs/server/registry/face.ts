import type { KubeObject } from '@drydock/base/apimachinery';
import type { StoredObject, StoredWatch, WatchBatch } from '../watch-cache/index.ts';
import { StoredWatchEvent } from '../watch-cache/index.ts';
import type { Served } from './served.ts';

const encoder = new TextEncoder();

/** A stored object seen as another group or version. Converted and encoded at most once for each face. */
class FacedObject implements StoredObject {
  readonly key: string;
  readonly revision: number;
  readonly #source: StoredObject;
  readonly #convert: (object: KubeObject) => KubeObject;
  #object: KubeObject | undefined;
  #bytes: Uint8Array | undefined;

  constructor(source: StoredObject, convert: (object: KubeObject) => KubeObject) {
    this.key = source.key;
    this.revision = source.revision;
    this.#source = source;
    this.#convert = convert;
  }

  get object(): KubeObject {
    if (this.#object !== undefined) return this.#object;
    const { kind, apiVersion, metadata, ...rest } = this.#convert(this.#source.object);
    return (this.#object = { kind, apiVersion, metadata, ...rest });
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= encoder.encode(JSON.stringify(this.object)));
  }
}

const faces = new WeakMap<StoredObject, Map<Served, StoredObject>>();

/** What must be waited for before these objects are shown. */
export function facesReady(served: Served, items: readonly StoredObject[]): Promise<void> | undefined {
  return served.definition.custom?.prepare(items);
}

/** `inFace` for an object that may have to be converted elsewhere. */
export function shown(served: Served, stored: StoredObject): StoredObject | Promise<StoredObject> {
  const pending = facesReady(served, [stored]);
  return pending === undefined ? inFace(served, stored) : pending.then(() => inFace(served, stored));
}

/** The object as `served` shows it: itself where it is stored that way. Custom kinds: `facesReady` comes first. */
export function inFace(served: Served, stored: StoredObject): StoredObject {
  const { custom } = served.definition;
  if (custom !== undefined) return stored.shape === custom ? stored : custom.show(stored);
  const convert = served.fromStored;
  if (convert === undefined) return stored;
  let known = faces.get(stored);
  if (known === undefined) faces.set(stored, (known = new Map()));
  let faced = known.get(served);
  if (faced === undefined) known.set(served, (faced = new FacedObject(stored, convert)));
  return faced;
}

const batches = new WeakMap<WatchBatch, Map<Served, WatchBatch>>();

function batchInFace(served: Served, batch: WatchBatch): WatchBatch {
  const { custom } = served.definition;
  if (
    custom !== undefined &&
    batch.every((event) => event.type === 'BOOKMARK' || event.stored.shape === custom)
  )
    return batch;
  let known = batches.get(batch);
  if (known === undefined) batches.set(batch, (known = new Map()));
  let faced = known.get(served);
  if (faced === undefined) {
    faced = batch.map((event) =>
      event.type === 'BOOKMARK' ? event : new StoredWatchEvent(event.type, inFace(served, event.stored)),
    );
    known.set(served, faced);
  }
  return faced;
}

/** The watch as `served` shows it. */
export function watchInFace(served: Served, watch: StoredWatch): StoredWatch {
  if (served.fromStored === undefined && served.definition.custom === undefined) return watch;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await watch.next();
      if (result.done === true) return result;
      const pending = facesReady(
        served,
        result.value.flatMap((event) => (event.type === 'BOOKMARK' ? [] : [event.stored])),
      );
      if (pending !== undefined) await pending;
      return { done: false, value: batchInFace(served, result.value) };
    },
    async return() {
      watch.close();
      return { done: true, value: undefined };
    },
    close: () => watch.close(),
  };
}
