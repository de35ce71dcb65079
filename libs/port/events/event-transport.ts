import { expired } from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import type { ResourceRef, Transport, WatchEvent, WatchOptions } from '../transport/index.ts';
import type { BusEvent, CursorTransport, EventPosition, EventSubscriber } from './events.ts';
import { EventsError } from './events.ts';

/** Positions remembered for each resource: those of the last lists and the newest one seen. */
const REMEMBERED = 16;

const collectionOf = ({ group, resource }: ResourceRef): string => `${group}/${resource}`;
const apiVersionOf = ({ group, version }: ResourceRef): string =>
  group === '' ? version : `${group}/${version}`;

export interface EventTransportOptions {
  /** With a clock, watches go through `inner` while the bus is away for longer than `awayMs`. Without, they wait for it. */
  readonly clock?: Clock;
  /** Default 5,000. */
  readonly awayMs?: number;
}

/** Where a watch over the bus has to go on through `inner`: for good, or until the bus is back. */
interface Rest {
  readonly revision: number;
  readonly forGood: boolean;
}

/**
 * A Transport whose watches come over the event bus, while everything else goes through `inner`. Informers work on it
 * unchanged: a list's cursor is remembered, and the watch from that list's revision begins there.
 *
 * Watches that the bus cannot answer go through `inner`: with selectors or initial events, and of objects that are
 * stored in another API version than asked for. A watch from a revision whose cursor is not known (none was told, or the
 * bus had lost it) begins through `inner` and moves to the bus as soon as it has caught up with a cursor.
 *
 * Wiring: `createEventTransport(createRpcTransport({ address, … }), createNatsSubscriber({ servers, … }), { clock })`.
 * `close` closes the inner transport and leaves the subscriber, which others may share.
 */
export function createEventTransport(
  inner: CursorTransport,
  subscriber: EventSubscriber,
  options: EventTransportOptions = {},
): Transport {
  const { clock, awayMs = 5_000 } = options;
  const remembered = new Map<string, Map<number, string>>();
  /** Collections that are stored in another version than they were asked for in. */
  const foreign = new Set<string>();
  /** By collection: the cursor that the bus last answered with a gap. */
  const refused = new Map<string, string>();

  function remember(ref: ResourceRef, { revision, cursor }: Partial<EventPosition>, before?: number): void {
    if (cursor === undefined || revision === undefined || !(revision > 0)) return;
    const key = collectionOf(ref);
    let positions = remembered.get(key);
    if (positions === undefined) remembered.set(key, (positions = new Map()));
    // The newest stands last: the first is the one to forget.
    if (before !== undefined) positions.delete(before);
    positions.delete(revision);
    positions.set(revision, cursor);
    const [oldest] = positions.keys();
    if (positions.size > REMEMBERED && oldest !== undefined) positions.delete(oldest);
  }

  /** Whether the bus can answer such a watch. */
  const carried = (ref: ResourceRef, options: WatchOptions): boolean =>
    !options.labelSelector &&
    !options.fieldSelector &&
    ref.subresource === undefined &&
    options.sendInitialEvents === undefined &&
    options.timeoutSeconds === undefined &&
    Number(options.resourceVersion) > 0 &&
    !foreign.has(`${collectionOf(ref)} ${apiVersionOf(ref)}`);

  const usable = (ref: ResourceRef, cursor: string | undefined): cursor is string =>
    cursor !== undefined && refused.get(collectionOf(ref)) !== cursor;

  /** Where the bus stands now, seen from the API server; undefined while that is not known. */
  async function askPosition(ref: ResourceRef): Promise<EventPosition | undefined> {
    const { list, cursor } = await inner.listWithCursor(ref, { limit: 1 });
    return usable(ref, cursor) ? { revision: Number(list.metadata.resourceVersion), cursor } : undefined;
  }

  /** Watches through `inner` until that has reached a position of the bus, then returns it; or to the watch's end. */
  async function* watchInner(
    ref: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent[], EventPosition | undefined> {
    let asking = false;
    let goal: EventPosition | undefined;
    const there = (): boolean => clock === undefined || subscriber.ready();
    const ask = async (): Promise<void> => {
      if (asking || goal !== undefined || !there()) return;
      asking = true;
      const { name: _, ...collection } = ref;
      goal = await askPosition(collection).catch(() => undefined);
      asking = false;
    };
    void ask();
    for await (const batch of inner.watch(ref, { ...options, allowWatchBookmarks: true }, signal)) {
      const wanted =
        options.allowWatchBookmarks === true ? batch : batch.filter(({ type }) => type !== 'BOOKMARK');
      if (wanted.length > 0) yield wanted;
      const reached = Number(batch.at(-1)?.object.metadata.resourceVersion);
      if (goal !== undefined && reached >= goal.revision && there())
        return { revision: reached, cursor: goal.cursor };
      void ask();
    }
    return undefined;
  }

  /** The next batch, or undefined when the bus has been away for too long. */
  function nextOrAway<T>(next: Promise<T>): Promise<T | undefined> {
    if (clock === undefined) return next;
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      let awayAt: number | undefined;
      const look = (): void => {
        const now = clock.monotonicMs();
        awayAt = subscriber.ready() ? undefined : (awayAt ?? now);
        if (awayAt !== undefined && now - awayAt >= awayMs) resolve(undefined);
        else timer = clock.setTimeout(look, awayMs / 2);
      };
      look();
      next.then(resolve, reject).finally(() => timer?.cancel());
    });
  }

  async function* whileThere<T>(source: AsyncIterable<T>, left: () => void): AsyncGenerator<T, void> {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const result = await nextOrAway(iterator.next());
        if (result === undefined) return left();
        if (result.done === true) return;
        yield result.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** Watches over the bus. Returns where the rest has to come through `inner`. */
  async function* watchBus(
    ref: ResourceRef,
    from: EventPosition,
    bookmarks: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent[], Rest | undefined> {
    const apiVersion = apiVersionOf(ref);
    let last = from.revision;
    let moved = false;
    let away = false;
    try {
      for await (const batch of whileThere(subscriber.subscribe(ref, from, signal), () => (away = true))) {
        const events: WatchEvent[] = [];
        const before = last;
        let cursor: string | undefined;
        let strange = false;
        for (const event of batch) {
          strange = event.type !== 'BOOKMARK' && isForeign(event, apiVersion);
          if (strange) break;
          last = event.revision;
          ({ cursor } = event);
          if (event.type !== 'BOOKMARK') events.push({ type: event.type, object: event.object });
          else if (bookmarks) events.push(bookmark(apiVersion, event.revision));
        }
        remember(ref, { revision: last, cursor }, before);
        moved = true;
        if (events.length > 0) yield events;
        if (!strange) continue;
        foreign.add(`${collectionOf(ref)} ${apiVersion}`);
        return { revision: last, forGood: true };
      }
    } catch (error) {
      if (!(error instanceof EventsError) || error.code === 'Closed') throw error;
      // As a server does: a slow watcher is ended without error, and goes on from the last revision it saw.
      if (error.code === 'SlowConsumer') return undefined;
      remembered.get(collectionOf(ref))?.delete(last);
      if (!moved && from.cursor !== undefined) refused.set(collectionOf(ref), from.cursor);
      throw expired(`too old resource version: ${last} (${error.message})`);
    }
    return away ? { revision: last, forGood: false } : undefined;
  }

  async function* watch(
    ref: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent[]> {
    if (!carried(ref, options)) return yield* inner.watch(ref, options, signal);
    let revision = Number(options.resourceVersion);
    const cursor = remembered.get(collectionOf(ref))?.get(revision);
    let from: EventPosition | undefined = usable(ref, cursor) ? { revision, cursor } : undefined;
    for (;;) {
      from ??= yield* watchInner(ref, { ...options, resourceVersion: String(revision) }, signal);
      if (from === undefined) return;
      const rest = yield* watchBus(ref, from, options.allowWatchBookmarks === true, signal);
      if (rest === undefined) return;
      ({ revision } = rest);
      if (rest.forGood)
        return yield* inner.watch(ref, { ...options, resourceVersion: String(revision) }, signal);
      from = undefined;
    }
  }

  return {
    get: (ref, options) => inner.get(ref, options),
    async list(ref, options) {
      const { list, cursor } = await inner.listWithCursor(ref, options);
      remember(ref, { revision: Number(list.metadata.resourceVersion), cursor });
      return list;
    },
    create: (ref, object, options) => inner.create(ref, object, options),
    update: (ref, object, options) => inner.update(ref, object, options),
    patch: (ref, patch, options) => inner.patch(ref, patch, options),
    delete: (ref, options) => inner.delete(ref, options),
    deleteCollection: (ref, options, list) => inner.deleteCollection(ref, options, list),
    watch,
    close: () => inner.close(),
  };
}

/** A deleted object of which only the name is left fits every version. */
function isForeign(event: BusEvent, apiVersion: string): boolean {
  const { apiVersion: stored } = event.object;
  return stored !== '' && stored !== apiVersion;
}

const bookmark = (apiVersion: string, revision: number): WatchEvent => ({
  type: 'BOOKMARK',
  object: { kind: '', apiVersion, metadata: { resourceVersion: String(revision) } },
});
