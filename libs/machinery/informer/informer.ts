import {
  isExpired,
  isNotFound,
  objectKey,
  type KubeObject,
  type ResourceType,
} from '@drydock/base/apimachinery';
import { abortable, type Clock, type Random } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { ListOptions } from '@drydock/port/transport';
import type { Client } from '../client/index.ts';
import { createBackoff, type BackoffOptions } from './backoff.ts';
import { createIndexTable } from './index-table.ts';
import type { Informer, InformerHandler, InformerOptions } from './types.ts';

export interface InformerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Objects asked for in one list request. Default 5000. */
  readonly pageSize?: number;
  /** Between attempts after a failure. */
  readonly backoff?: BackoffOptions;
}

/** An informer that its owner runs. */
export interface RunnableInformer<T extends KubeObject> extends Informer<T> {
  /** Lists and watches until `signal` aborts; never rejects. Call once at a time. */
  run(signal: AbortSignal): Promise<void>;
}

/** A watch that ended sooner than this without an event counts as failed: asking again at once would be a busy loop. */
const shortWatchMs = 1000;

/**
 * A local copy of one resource (see `Informer`). It does nothing until `run`.
 * An object that was replaced by another of the same name between two looks is told as `deleted`, then `added`.
 */
export function createInformer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: InformerOptions<T>,
  deps: InformerDeps,
): RunnableInformer<T> {
  const { clock, pageSize = 5000 } = deps;
  const logger = deps.logger.child({ informer: type.resource });
  const resource = client.resource(type);
  const scoped = options.namespace === undefined ? resource : resource.namespace(options.namespace);
  const selectors: ListOptions = {};
  if (options.labelSelector !== undefined) selectors.labelSelector = options.labelSelector;
  if (options.fieldSelector !== undefined) selectors.fieldSelector = options.fieldSelector;

  const table = createIndexTable<T>();
  for (const [name, values] of Object.entries(options.indexers ?? {})) table.addIndex(name, values);
  let handlers: readonly InformerHandler<T>[] = [];
  let synced = false;
  let revision: string | undefined;
  let syncWaiters: (() => void)[] = [];

  const tell = (call: (handler: InformerHandler<T>) => void) => {
    for (const handler of handlers) guard(() => call(handler));
  };
  const guard = (call: () => void) => {
    try {
      call();
    } catch (err) {
      logger.error('informer handler failed', { err });
    }
  };

  const put = (object: T) => {
    const key = objectKey(object);
    const old = table.objects.get(key);
    if (old === undefined) {
      table.set(key, object);
      tell((handler) => handler.added?.(object));
    } else if (old.metadata.uid !== object.metadata.uid) {
      remove(key, old);
      table.set(key, object);
      tell((handler) => handler.added?.(object));
    } else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) {
      table.set(key, object);
      tell((handler) => handler.updated?.(object, old));
    }
  };
  const remove = (key: string, last: T) => {
    if (!table.objects.has(key)) return;
    table.delete(key);
    tell((handler) => handler.deleted?.(last));
  };

  const listAll = async (): Promise<{ items: T[]; revision: string }> => {
    const items: T[] = [];
    let next: string | undefined;
    let listed = '';
    do {
      const request: ListOptions = { ...selectors, limit: pageSize };
      if (next !== undefined) request.continue = next;
      const page = await scoped.list(request);
      for (const item of page.items) items.push(item);
      listed ||= page.metadata.resourceVersion ?? '';
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    return { items, revision: listed };
  };

  const replace = (items: readonly T[], at: string) => {
    const listed = new Set<string>();
    for (const item of items) listed.add(objectKey(item));
    for (const [key, old] of [...table.objects]) if (!listed.has(key)) remove(key, old);
    for (const item of items) put(item);
    revision = at;
    if (!synced) {
      synced = true;
      for (const resolve of syncWaiters) resolve();
      syncWaiters = [];
    }
  };

  /** One watch from the last revision to its end; resolves with the number of batches. */
  const watchOnce = async (signal: AbortSignal): Promise<number> => {
    let batches = 0;
    const watch = scoped.watch(
      { ...selectors, resourceVersion: revision, allowWatchBookmarks: true } as Parameters<
        typeof scoped.watch
      >[0],
      signal,
    );
    for await (const batch of watch) {
      if (signal.aborted) break;
      batches++;
      for (const { type: change, object } of batch) {
        if (change === 'DELETED') remove(objectKey(object), object);
        else if (change !== 'BOOKMARK') put(object);
        revision = object.metadata.resourceVersion ?? revision;
      }
    }
    return batches;
  };

  const run = async (signal: AbortSignal) => {
    const backoff = createBackoff(deps.random, deps.backoff);
    let mustList = true;
    const pause = () => clock.sleep(backoff.next(), signal).catch(() => undefined);
    while (!signal.aborted) {
      try {
        if (mustList) {
          // A stop does not wait for a server that does not answer.
          const { items, revision: at } = await abortable(listAll(), signal);
          if (signal.aborted) return;
          replace(items, at);
          mustList = false;
        }
        const began = clock.monotonicMs();
        const batches = await watchOnce(signal);
        if (batches > 0 || clock.monotonicMs() - began >= shortWatchMs) backoff.reset();
        else await pause();
      } catch (err) {
        if (signal.aborted) return;
        if (isExpired(err)) {
          logger.debug('watch expired, listing again', { revision });
          // The first list again is at once; a server that answers 410 to a fresh revision too is asked more slowly.
          if (mustList) await pause();
          mustList = true;
          continue;
        }
        // A resource that is not served (any more) has no objects to keep; it may come back.
        if (isNotFound(err) && synced) mustList = true;
        logger.warn('list or watch failed', { err });
        await pause();
      }
    }
  };

  return {
    type,
    get: (key) => table.objects.get(key),
    list: () => [...table.objects.values()],
    byIndex: (index, value) => table.byIndex(index, value),
    addIndexers(indexers) {
      for (const [name, values] of Object.entries(indexers)) table.addIndex(name, values);
    },
    addHandler(handler) {
      // The replay goes to a snapshot first: a handler that changes nothing sees each object exactly once.
      for (const object of [...table.objects.values()]) guard(() => handler.added?.(object));
      handlers = [...handlers, handler];
      return () => {
        handlers = handlers.filter((other) => other !== handler);
      };
    },
    hasSynced: () => synced,
    waitForSync: (signal) =>
      new Promise((resolve, reject) => {
        if (synced) return resolve();
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => reject(signal?.reason);
        signal?.addEventListener('abort', abort, { once: true });
        syncWaiters.push(() => {
          signal?.removeEventListener('abort', abort);
          resolve();
        });
      }),
    lastRevision: () => revision,
    run,
  };
}
