import type { KubeList, KubeObject } from '@drydock/base/apimachinery';
import { cloneJson } from '@drydock/base/apimachinery';
import type { ResourceRef, Transport, WatchEvent, WatchOptions } from '@drydock/port/transport';
import type { StoredWatch } from '../watch-cache/index.ts';
import type { Registry, RequestContext, StoredList } from './registry.ts';
import type { UserInfo } from './types.ts';

function asKubeList(list: StoredList): KubeList {
  return {
    kind: list.kind,
    apiVersion: list.apiVersion,
    metadata: {
      resourceVersion: list.resourceVersion,
      ...(list.continue === undefined ? {} : { continue: list.continue }),
      ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
    },
    items: list.items.map((item) => item.object),
  };
}

/** A watch that starts when it is first read, so that its failure reaches the reader. */
class DeferredWatch implements AsyncIterableIterator<readonly WatchEvent[]> {
  readonly #start: () => StoredWatch | Promise<StoredWatch>;
  #running: Promise<StoredWatch> | StoredWatch | undefined;
  #closed = false;

  constructor(start: () => StoredWatch | Promise<StoredWatch>) {
    this.#start = start;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<readonly WatchEvent[], undefined>> {
    if (this.#closed) return { done: true, value: undefined };
    this.#running ??= this.#start();
    const watch = this.#running instanceof Promise ? (this.#running = await this.#running) : this.#running;
    return watch.next();
  }

  async return(): Promise<IteratorResult<readonly WatchEvent[], undefined>> {
    this.#closed = true;
    if (this.#running !== undefined) (await this.#running).close();
    return { done: true, value: undefined };
  }
}

/**
 * The registry as one user's transport, without a wire: what goes in is copied, what comes out is shared by everybody
 * in the process.
 */
export function createInProcessTransport(registry: Registry, user: UserInfo): Transport {
  const context: RequestContext = { user };
  return {
    get: async (ref, options = {}) => (await registry.get(ref, options, context)).object,
    list: async (ref, options = {}) => asKubeList(await registry.list(ref, options, context)),
    create(ref, object, options = {}) {
      return registry.create(ref, cloneJson(object), options, context).then(({ object: created }) => created);
    },
    update(ref, object, options = {}) {
      return registry.update(ref, cloneJson(object), options, context).then(({ stored }) => stored.object);
    },
    patch(ref, patch, options = {}) {
      const copy = { type: patch.type, body: cloneJson(patch.body) };
      return registry.patch(ref, copy, options, context).then(({ stored }) => stored.object);
    },
    async delete(ref, options = {}) {
      const result = await registry.delete(ref, cloneJson(options), context);
      return result.stored === undefined ? result.status : result.stored.object;
    },
    deleteCollection: async (ref, options = {}, list = {}) =>
      asKubeList(await registry.deleteCollection(ref, cloneJson(options), list, context)),
    watch(
      ref: ResourceRef,
      options: WatchOptions,
      signal: AbortSignal,
    ): AsyncIterable<readonly WatchEvent<KubeObject>[]> {
      return new DeferredWatch(() => registry.watch(ref, options, { ...context, signal }));
    },
    close: () => Promise.resolve(),
  };
}
