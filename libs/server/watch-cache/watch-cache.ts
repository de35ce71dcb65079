import { badRequest, expired, serviceUnavailable } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Store, StoreEvent, StoreSnapshot, StoreWatch } from '@drydock/port/store';
import { StoreError } from '@drydock/port/store';
import type { ListOptions, WatchOptions } from '@drydock/port/transport';
import type { Channel } from './channel.ts';
import type { ContinueToken } from './continue-token.ts';
import { continueExpired, decodeContinue, encodeContinue } from './continue-token.ts';
import type { FieldAccess, Filter } from './filter.ts';
import {
  checkListOptions,
  checkWatchOptions,
  parseResourceVersion,
  tooLargeResourceVersion,
} from './list-options.ts';
import type { ChangeListener, Tree } from './resource-cache.ts';
import { ResourceCache } from './resource-cache.ts';
import { collect, countRange } from './scan.ts';
import { StoredItem } from './stored-object.ts';
import type { StoredWatch } from './watch.ts';
import { CacheWatch } from './watch.ts';
import type { WatchBatch } from './watch-event.ts';
import { bookmarkEvent, Change, StoredWatchEvent } from './watch-event.ts';

export interface WatchCacheOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Runs a callback soon, after what is going on now. Watchers are woken through it: the later it runs, the more events
   * share one write. Default: a microtask. A server process passes `setImmediate`.
   */
  readonly defer?: (run: () => void) => void;
  /**
   * True when nobody else writes to the store (the embedded ones): then everything acknowledged is in the cache and
   * consistent reads need not ask the store. Default true; an etcd shared by several apiservers wants false.
   */
  readonly exclusiveStore?: boolean;
  /** Keys live under this. Default `/registry/`. */
  readonly prefix?: string;
  /** Recent changes kept for each resource. Default 20,000. */
  readonly windowEvents?: number;
  /** Bound on the bytes of the states these changes hold, for each resource. Default 64 MiB. */
  readonly windowBytes?: number;
  /** Old states kept for paging, for each resource. Default 64. */
  readonly snapshots?: number;
  /** How long they are kept. Default 5 minutes. */
  readonly snapshotMs?: number;
  /** A watcher further behind is closed. Default 20,000. */
  readonly watchLagEvents?: number;
  /** … or by more bytes than this. Default 128 MiB. */
  readonly watchLagBytes?: number;
  /** Default one minute. */
  readonly bookmarkIntervalMs?: number;
  /** How long a read waits for a revision. Default 3 s, as Kubernetes. */
  readonly freshnessTimeoutMs?: number;
}

export interface ResourceId {
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
}

export interface CacheList {
  readonly items: readonly StoredItem[];
  readonly revision: number;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchStart {
  readonly options: WatchOptions;
  readonly apiVersion: string;
  readonly kind: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every object of every resource in memory, fed by one store watch. Reads that can be answered at once are answered
 * without a promise.
 */
export interface WatchCache {
  /** Lists the store and follows it. Rejects when the store cannot be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
  ready(): boolean;
  /** Everything up to this revision has been taken over and dispatched. */
  readonly revision: number;
  /** Tells how to read a resource's selectable fields. May be called again, and after start. */
  register(id: ResourceId, access: FieldAccess): void;
  /** The store key of an object. */
  storeKey(id: ResourceId, key: string): string;
  /** Says that `value` is about to be written and is this item's, so that it need not be parsed when it comes back. */
  expect(value: Uint8Array, item: StoredItem): void;
  /** Ends `expect`: to be called when the write is done, whatever came of it. */
  settled(value: Uint8Array): void;
  /** Undefined when the present state is consistent already, else a promise for that. */
  fresh(): Promise<void> | undefined;
  /** As `fresh`, for one revision. Rejects with 504 when it does not come in time. */
  atLeast(revision: number): Promise<void> | undefined;
  /** The present state, whatever its age. */
  peek(id: ResourceId, key: string): StoredItem | undefined;
  count(id: ResourceId): number;
  /** All present items, or those of one namespace, in key order. */
  items(id: ResourceId, namespace?: string): readonly StoredItem[];
  list(id: ResourceId, filter: Filter, options: ListOptions): CacheList | Promise<CacheList>;
  watch(id: ResourceId, filter: Filter, start: WatchStart): StoredWatch | Promise<StoredWatch>;
  /** Follows a resource from inside: called with each change, in order, synchronously. Returns the way to stop. */
  onChange(id: ResourceId, listener: ChangeListener): () => void;
  /** Ends all watches of a resource, so that their clients list again. */
  endWatches(id: ResourceId): void;
}

interface Waiter {
  readonly revision: number;
  resolve(): void;
}

/** Makes a cache over a store. Nothing is read before `start`. */
export function createWatchCache(options: WatchCacheOptions): WatchCache {
  const { store, clock, logger } = options;
  const prefix = options.prefix ?? '/registry/';
  const defer = options.defer ?? queueMicrotask;
  const exclusive = options.exclusiveStore ?? true;
  const freshnessTimeoutMs = options.freshnessTimeoutMs ?? 3_000;
  const bookmarkIntervalMs = options.bookmarkIntervalMs ?? 60_000;
  const limits = {
    windowEvents: options.windowEvents ?? 20_000,
    windowBytes: options.windowBytes ?? 64 * 1024 * 1024,
    snapshots: options.snapshots ?? 64,
    snapshotMs: options.snapshotMs ?? 5 * 60_000,
    channel: {
      maxEvents: options.watchLagEvents ?? 20_000,
      maxBytes: options.watchLagBytes ?? 128 * 1024 * 1024,
    },
  };
  /** By `<group>/<resource>` as in store keys. */
  const resources = new Map<string, ResourceCache>();
  const expected = new Map<Uint8Array, StoredItem>();
  let revision = 0;
  let synced = false;
  let stopped = false;
  const abort = new AbortController();
  let storeWatch: StoreWatch | undefined;
  let waiters: Waiter[] = [];
  let dirty = new Set<Channel>();

  const pathOf = (id: ResourceId): string => `${id.group === '' ? 'core' : id.group}/${id.resource}`;

  function resourceAt(path: string): ResourceCache {
    let resource = resources.get(path);
    if (resource === undefined) {
      // Nothing of it was seen so far, so its history is known from the cache's first revision on.
      resource = new ResourceCache(firstRevision, limits);
      resources.set(path, resource);
    }
    return resource;
  }
  let firstRevision = 0;

  const resourceOf = (id: ResourceId): ResourceCache => resourceAt(pathOf(id));

  /** Splits a store key into the resource's path and the object's key. */
  function locate(key: string): { resource: ResourceCache; objectKey: string } | undefined {
    if (!key.startsWith(prefix)) return undefined;
    const afterGroup = key.indexOf('/', prefix.length);
    const afterResource = key.indexOf('/', afterGroup + 1);
    if (afterGroup < 0 || afterResource < 0) return undefined;
    return {
      resource: resourceAt(key.slice(prefix.length, afterResource)),
      objectKey: key.slice(afterResource + 1),
    };
  }

  function itemOf(objectKey: string, value: Uint8Array, at: number): StoredItem {
    const item = expected.get(value);
    if (item === undefined) return StoredItem.fromStore(objectKey, at, value);
    item.commit(at);
    return item;
  }

  function flush(): void {
    const channels = dirty;
    dirty = new Set();
    for (const channel of channels) channel.wakeAll();
  }

  function woken(channel: Channel): void {
    if (dirty.size === 0) defer(flush);
    dirty.add(channel);
  }

  function takeOver(batch: readonly StoreEvent[]): void {
    for (const event of batch) {
      const place = locate(event.key);
      if (place === undefined) continue;
      const { resource, objectKey } = place;
      const item = event.type === 'put' ? itemOf(objectKey, event.value, event.revision) : undefined;
      resource.apply(objectKey, event.revision, item, woken);
    }
    revision = batch.at(-1)!.revision;
    endedAtOnce = 0;
    if (waiters.length > 0) releaseWaiters();
  }

  function releaseWaiters(): void {
    const due = waiters.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    waiters = waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of due) waiter.resolve();
  }

  /** Resolves false when the revision did not come in time. */
  function reached(wanted: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => {
        waiters = waiters.filter((other) => other !== waiter);
        resolve(false);
      }, freshnessTimeoutMs);
      const waiter: Waiter = {
        revision: wanted,
        resolve() {
          timer.cancel();
          resolve(true);
        },
      };
      waiters.push(waiter);
    });
  }

  function load(snapshot: StoreSnapshot): void {
    const before = new Map<ResourceCache, readonly StoredItem[]>();
    for (const resource of resources.values()) {
      if (resource.listeners.size > 0) before.set(resource, [...resource.tree.values()]);
      resource.reset(snapshot.revision);
    }
    firstRevision = snapshot.revision;
    for (const entry of snapshot.entries) {
      const place = locate(entry.key);
      place?.resource.load(StoredItem.fromStore(place.objectKey, entry.revision, entry.value));
    }
    revision = snapshot.revision;
    for (const [resource, items] of before) tellDifference(resource, items, snapshot.revision);
  }

  async function follow(): Promise<void> {
    const snapshot = await store.list(prefix);
    if (stopped) return;
    load(snapshot);
    storeWatch = store.watch(snapshot.revision, { events: takeOver, ended: lost });
    synced = true;
    releaseWaiters();
  }

  /** Watches of the store in a row that ended before they told of anything. */
  let endedAtOnce = 0;

  /** The store watch ended: watches end too, so that their clients list again, and the cache starts anew. */
  function lost(error: Error): void {
    synced = false;
    storeWatch = undefined;
    if (stopped) return;
    for (const resource of resources.values()) resource.endWatches();
    if (error instanceof StoreError && error.code === 'Closed') return;
    logger.warn('the store watch ended, the watch cache is rebuilt', { err: error });
    void rebuild(endedAtOnce++);
  }

  /** At once after the first loss; where that does not help, ever more slowly. */
  async function rebuild(before: number): Promise<void> {
    for (let failures = before; !stopped; failures++) {
      const delayMs = Math.min(25 * 2 ** failures, 5_000);
      if (failures > 0) await clock.sleep(delayMs, abort.signal).catch(() => undefined);
      if (stopped) return;
      try {
        await follow();
        return;
      } catch (error) {
        if (error instanceof StoreError && error.code === 'Closed') return;
        logger.warn('the watch cache cannot be rebuilt yet', { err: error });
      }
    }
  }

  /** @throws ApiError 503 while there is nothing to answer from */
  function requireSync(): void {
    if (stopped) throw serviceUnavailable('the server is shutting down');
    if (!synced) throw serviceUnavailable('the watch cache is not synchronized with the store');
  }

  async function wait(wanted: number): Promise<void> {
    const came = !stopped && (await reached(wanted));
    requireSync();
    if (!came && revision < wanted) throw tooLargeResourceVersion(wanted, revision);
  }

  async function askStore(): Promise<void> {
    const newest = await store.revision();
    if (!synced || revision < newest) await wait(newest);
  }

  function atLeast(wanted: number): Promise<void> | undefined {
    return synced && revision >= wanted ? undefined : wait(Math.max(wanted, synced ? wanted : revision + 1));
  }

  function fresh(): Promise<void> | undefined {
    if (!exclusive) return askStore();
    return synced ? undefined : waitForSync();
  }

  async function waitForSync(): Promise<void> {
    // Any revision will do; the rebuild's own is at least the last one seen.
    if (!stopped) await reached(revision);
    requireSync();
  }

  /** What must be waited for before a read with this resourceVersion. */
  function ready(wanted: number | undefined): Promise<void> | undefined {
    if (wanted === undefined) return fresh();
    if (wanted === 0) return synced ? undefined : waitForSync();
    return atLeast(wanted);
  }

  function page(
    resource: ResourceCache,
    filter: Filter,
    tree: Tree,
    at: number,
    limit: number,
    start?: string,
    left?: number,
  ): CacheList {
    const present = tree === resource.tree ? resource : undefined;
    const { items, next } = collect(tree, present, filter, start, limit);
    if (next === undefined) return { items, revision: at };
    if (present !== undefined) resource.keepSnapshot(revision, clock.monotonicMs());
    if (filter.selective) {
      return {
        items,
        revision: at,
        continue: encodeContinue({ revision: at, start: next, remaining: undefined }),
      };
    }
    const total = left ?? countRange(tree, filter.namespace, start);
    const remaining = total - items.length;
    return {
      items,
      revision: at,
      continue: encodeContinue({ revision: at, start: next, remaining }),
      remainingItemCount: remaining,
    };
  }

  function listNow(
    resource: ResourceCache,
    filter: Filter,
    wanted: number | undefined,
    request: ListOptions,
    token: ContinueToken | undefined,
  ): CacheList {
    const limit = request.limit ?? 0;
    const now = clock.monotonicMs();
    if (token !== undefined) {
      const inconsistent = token.revision === -1;
      const at = inconsistent ? revision : token.revision;
      const tree = at > revision ? undefined : resource.treeAt(at, now);
      if (tree === undefined) throw continueExpired(token);
      return page(resource, filter, tree, at, limit, token.start, token.remaining);
    }
    const exact =
      request.resourceVersionMatch === 'Exact' ||
      (request.resourceVersionMatch === undefined && limit > 0 && wanted !== undefined && wanted > 0);
    if (!exact) return page(resource, filter, resource.tree, revision, limit);
    const tree = resource.treeAt(wanted!, now);
    if (tree === undefined) throw expired('The resourceVersion for the provided list is too old.');
    return page(resource, filter, tree, wanted!, limit);
  }

  function watchNow(
    resource: ResourceCache,
    filter: Filter,
    wanted: number | undefined,
    start: WatchStart,
  ): StoredWatch {
    const { sendInitialEvents, allowWatchBookmarks, timeoutSeconds } = start.options;
    const resumes = wanted !== undefined && wanted > 0 && sendInitialEvents !== true;
    if (resumes && wanted < resource.window.floor) {
      throw expired(`too old resource version: ${wanted} (${resource.window.floor})`);
    }
    const channel = resource.subscribe(filter);
    let initial: Iterator<WatchBatch>;
    if (resumes) {
      const missed: StoredWatchEvent[] = [];
      for (const change of resource.window.since(wanted)) {
        if (!inScope(filter, change)) continue;
        const event = channel.view(change);
        if (event !== undefined) missed.push(event);
      }
      initial = inBatches(missed.length, (index) => missed[index]!);
    } else if (sendInitialEvents === false) initial = inBatches(0, () => undefined as never);
    else {
      const { items } = collect(resource.tree, resource, filter, undefined, 0);
      const mark =
        sendInitialEvents === true && allowWatchBookmarks === true
          ? bookmarkEvent(start.apiVersion, start.kind, revision, { 'k8s.io/initial-events-end': 'true' })
          : undefined;
      initial = inBatches(items.length, (index) => new StoredWatchEvent('ADDED', items[index]!), mark);
    }
    return new CacheWatch(
      {
        clock,
        channel,
        apiVersion: start.apiVersion,
        kind: start.kind,
        initial,
        release(reader) {
          channel.readers.delete(reader);
          resource.release(channel);
        },
        dispatched: () => revision,
      },
      {
        bookmarks: allowWatchBookmarks === true,
        bookmarkIntervalMs,
        timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
        signal: start.signal,
      },
    );
  }

  return {
    get revision() {
      return revision;
    },
    start: follow,
    async stop() {
      stopped = true;
      synced = false;
      abort.abort();
      storeWatch?.cancel();
      for (const resource of resources.values()) resource.endWatches();
      const waiting = waiters;
      waiters = [];
      for (const waiter of waiting) waiter.resolve();
    },
    ready: () => synced,
    register(id, access) {
      resourceOf(id).access = access;
    },
    storeKey: (id, key) => `${prefix}${pathOf(id)}/${key}`,
    expect(value, item) {
      expected.set(value, item);
    },
    settled(value) {
      expected.delete(value);
    },
    fresh,
    atLeast,
    peek: (id, key) => resourceOf(id).get(key),
    count: (id) => resourceOf(id).size,
    items(id, namespace) {
      const { tree } = resourceOf(id);
      if (namespace === undefined) return tree.valuesArray();
      const items: StoredItem[] = [];
      tree.forRange(`${namespace}/`, `${namespace}0`, false, (_key, item) => void items.push(item));
      return items;
    },
    list(id, filter, request) {
      checkListOptions(request);
      const resource = resourceOf(id);
      const token = request.continue ? decodeContinue(request.continue) : undefined;
      if (token !== undefined && request.resourceVersion && request.resourceVersion !== '0')
        throw badRequest('specifying resource version is not allowed when using continue');
      const wanted = parseResourceVersion(request.resourceVersion, 'invalid resource version: ');
      // A token without a revision goes on at the newest state; others name one that must have been reached.
      const pending = ready(token === undefined ? wanted : token.revision < 0 ? undefined : token.revision);
      if (pending === undefined) return listNow(resource, filter, wanted, request, token);
      return pending.then(() => listNow(resource, filter, wanted, request, token));
    },
    watch(id, filter, start) {
      checkWatchOptions(start.options);
      const wanted = parseResourceVersion(start.options.resourceVersion);
      const resource = resourceOf(id);
      const pending = ready(wanted);
      if (pending === undefined) return watchNow(resource, filter, wanted, start);
      return pending.then(() => watchNow(resource, filter, wanted, start));
    },
    endWatches: (id) => resourceOf(id).endWatches(),
    onChange(id, listener) {
      const { listeners } = resourceOf(id);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Whether a change concerns the namespace or the key that a filter is limited to; its selectors are not asked. */
function inScope(filter: Filter, { key }: Change): boolean {
  if (filter.key !== undefined) return key === filter.key;
  if (filter.namespace === undefined) return true;
  return key.startsWith(filter.namespace) && key[filter.namespace.length] === '/';
}

/** After a rebuild: what listeners inside the process have to be told to be up to date. */
function tellDifference(resource: ResourceCache, before: readonly StoredItem[], revision: number): void {
  const tell = (change: Change): void => {
    for (const listener of resource.listeners) listener(change);
  };
  const old = new Map(before.map((item) => [item.key, item]));
  for (const item of resource.tree.values()) {
    const previous = old.get(item.key);
    old.delete(item.key);
    if (previous?.revision !== item.revision) tell(new Change(item.key, item.revision, item, previous));
  }
  for (const [key, previous] of old) tell(new Change(key, revision, undefined, previous));
}

const initialBatch = 500;

/** `count` events made as they are taken, so that a big first list is not built at once; then the mark. */
function* inBatches(
  count: number,
  event: (index: number) => StoredWatchEvent,
  mark?: StoredWatchEvent,
): Generator<WatchBatch> {
  for (let start = 0; start < count; start += initialBatch) {
    const batch: StoredWatchEvent[] = [];
    for (let index = start; index < Math.min(start + initialBatch, count); index++) batch.push(event(index));
    yield batch;
  }
  if (mark !== undefined) yield [mark];
}
