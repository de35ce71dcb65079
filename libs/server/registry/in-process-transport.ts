import type { KubeList, KubeObject } from '@drydock/base/apimachinery';
import { cloneJson } from '@drydock/base/apimachinery';
import type { ResourceRef, Transport, WatchEvent, WatchOptions } from '@drydock/port/transport';
import type { StoredObject, StoredWatch } from '../watch-cache/index.ts';
import type { Registry, RequestContext, StoredList } from './registry.ts';
import type { UserInfo } from './types.ts';

type Shown = (stored: StoredObject) => KubeObject;

const objectOf: Shown = ({ object }) => object;

function asKubeList(list: StoredList, shown: Shown): KubeList {
  return {
    kind: list.kind,
    apiVersion: list.apiVersion,
    metadata: {
      resourceVersion: list.resourceVersion,
      ...(list.continue === undefined ? {} : { continue: list.continue }),
      ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
    },
    items: list.items.map(shown),
  };
}

/** A watch that starts when it is first read, so that its failure reaches the reader. */
class DeferredWatch implements AsyncIterableIterator<readonly WatchEvent[]> {
  readonly #start: () => StoredWatch | Promise<StoredWatch>;
  readonly #shown: Shown;
  #running: Promise<StoredWatch> | StoredWatch | undefined;
  #closed = false;

  constructor(start: () => StoredWatch | Promise<StoredWatch>, shown: Shown) {
    this.#start = start;
    this.#shown = shown;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<readonly WatchEvent[], undefined>> {
    if (this.#closed) return { done: true, value: undefined };
    this.#running ??= this.#start();
    const watch = this.#running instanceof Promise ? (this.#running = await this.#running) : this.#running;
    const result = await watch.next();
    if (this.#shown !== objectOf && result.done !== true)
      for (const { stored } of result.value) this.#shown(stored);
    return result;
  }

  async return(): Promise<IteratorResult<readonly WatchEvent[], undefined>> {
    this.#closed = true;
    if (this.#running !== undefined) (await this.#running).close();
    return { done: true, value: undefined };
  }
}

/** The JSON of objects that were given out to become messages: they need not be written out once more. */
export interface KnownBytes {
  /** Remembers where the bytes of an object are; answers the object. */
  note(stored: StoredObject): KubeObject;
  of(object: KubeObject): Uint8Array | undefined;
}

export function createKnownBytes(): KnownBytes {
  const known = new WeakMap<KubeObject, StoredObject>();
  return {
    note(stored) {
      const { object } = stored;
      known.set(object, stored);
      return object;
    },
    of: (object) => known.get(object)?.bytes,
  };
}

/**
 * The registry as one user's transport, without a wire: what goes in is copied, what comes out is shared by everybody
 * in the process. With `bytes`, what goes in is given away, not copied, and the bytes of what comes out are remembered.
 */
export function createInProcessTransport(registry: Registry, user: UserInfo, bytes?: KnownBytes): Transport {
  const context: RequestContext = { user };
  const taken: <T>(value: T) => T = bytes === undefined ? cloneJson : (value) => value;
  const shown: Shown = bytes === undefined ? objectOf : (stored) => bytes.note(stored);
  return {
    get: async (ref, options = {}) => shown(await registry.get(ref, options, context)),
    list: async (ref, options = {}) => asKubeList(await registry.list(ref, options, context), shown),
    create: (ref, object, options = {}) => registry.create(ref, taken(object), options, context).then(shown),
    update: (ref, object, options = {}) =>
      registry.update(ref, taken(object), options, context).then(({ stored }) => shown(stored)),
    patch(ref, patch, options = {}) {
      const copy = { type: patch.type, body: taken(patch.body) };
      return registry.patch(ref, copy, options, context).then(({ stored }) => shown(stored));
    },
    async delete(ref, options = {}) {
      const result = await registry.delete(ref, taken(options), context);
      return result.stored === undefined ? result.status : shown(result.stored);
    },
    deleteCollection: async (ref, options = {}, list = {}) =>
      asKubeList(await registry.deleteCollection(ref, taken(options), list, context), shown),
    watch(
      ref: ResourceRef,
      options: WatchOptions,
      signal: AbortSignal,
    ): AsyncIterable<readonly WatchEvent<KubeObject>[]> {
      return new DeferredWatch(() => registry.watch(ref, options, { ...context, signal }), shown);
    },
    close: () => Promise.resolve(),
  };
}
