import type { KubeList, KubeObject } from '@drydock/base/apimachinery';
import { createVirtualClock } from '@drydock/base/clock';
import { describe, expect, it } from 'vitest';
import type { ListOptions, ResourceRef, WatchEvent, WatchOptions } from '../transport/index.ts';
import { createFakeTransport } from '../transport-suite/index.ts';
import type {
  BusEvent,
  CursorTransport,
  EventPosition,
  EventQueue,
  EventSubscriber,
  EventTransportOptions,
} from './index.ts';
import { createEventQueue, createEventTransport, EventsError } from './index.ts';

const ref: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' };
const object = (revision: number, apiVersion = 'apps/v1'): KubeObject => ({
  kind: 'Deployment',
  apiVersion,
  metadata: { name: 'web', namespace: 'default', resourceVersion: String(revision) },
});
const event = (revision: number, over: Partial<BusEvent> = {}): BusEvent => ({
  type: 'MODIFIED',
  revision,
  cursor: `c${revision}`,
  namespace: 'default',
  name: 'web',
  object: object(revision),
  ...over,
});

/** A bus and an API server that do as the test says. */
function setUp(
  answers: { revision: number; cursor: string | undefined },
  options: EventTransportOptions = {},
) {
  const presence = { ready: true };
  const subscribed: EventPosition[] = [];
  const watched: WatchOptions[] = [];
  const queues: EventQueue[] = [];
  const lists: ListOptions[] = [];
  /** Batches, and what to wait for between them. */
  let inner: (WatchEvent[] | Promise<void>)[] = [];
  const transport: CursorTransport = {
    ...createFakeTransport(),
    async listWithCursor(_ref, options = {}) {
      lists.push(options);
      const metadata = { resourceVersion: String(answers.revision) };
      const list: KubeList = { kind: 'DeploymentList', apiVersion: 'apps/v1', metadata, items: [] };
      return { list, cursor: answers.cursor };
    },
    async *watch(_ref, watchOptions) {
      watched.push(watchOptions);
      for (const batch of inner) {
        // Lets the answer to a list that is under way come first.
        await settled();
        if (batch instanceof Promise) await batch;
        else yield batch;
      }
    },
  };
  const subscriber: EventSubscriber = {
    subscribe(_ref, from, signal) {
      subscribed.push(from);
      const queue = createEventQueue({ signal, released: () => {} });
      queues.push(queue);
      return queue;
    },
    ready: () => presence.ready,
    close: () => Promise.resolve(),
  };
  const bus = createEventTransport(transport, subscriber, options);
  const watch = async (watchOptions: WatchOptions, count: number): Promise<unknown[]> => {
    const seen: unknown[] = [];
    const never = new AbortController().signal;
    for await (const batch of bus.watch(ref, watchOptions, never)) {
      for (const one of batch) seen.push([one.type, Number(one.object.metadata.resourceVersion)]);
      if (seen.length >= count) break;
    }
    return seen;
  };
  return {
    ...{ bus, subscribed, watched, queues, lists, answers, watch, presence },
    serve: (batches: typeof inner) => (inner = batches),
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('createEventTransport', () => {
  it('watches over the bus from where a list ended, and from where a watch ended', async () => {
    const { bus, watch, subscribed, watched, queues } = setUp({ revision: 5, cursor: 'c5' });
    await bus.list(ref);
    const watching = watch({ resourceVersion: '5' }, 2);
    await settled();
    queues[0]!.push(event(6, { type: 'ADDED' }));
    queues[0]!.push(event(8));
    expect(await watching).toEqual([
      ['ADDED', 6],
      ['MODIFIED', 8],
    ]);
    void watch({ resourceVersion: '8' }, 1);
    await settled();
    expect(subscribed).toEqual([
      { revision: 5, cursor: 'c5' },
      { revision: 8, cursor: 'c8' },
    ]);
    expect(watched).toEqual([]);
  });

  it('gives bookmarks to those who asked for them', async () => {
    const { bus, watch, queues } = setUp({ revision: 5, cursor: 'c5' });
    await bus.list(ref);
    const asked = watch({ resourceVersion: '5', allowWatchBookmarks: true }, 1);
    const notAsked = watch({ resourceVersion: '5' }, 1);
    await settled();
    for (const queue of queues) {
      queue.push(event(7, { type: 'BOOKMARK' }));
      queue.push(event(9));
    }
    expect(await asked).toEqual([
      ['BOOKMARK', 7],
      ['MODIFIED', 9],
    ]);
    expect(await notAsked).toEqual([['MODIFIED', 9]]);
  });

  it('watches through the API server what the bus does not carry', async () => {
    const { bus, watch, watched, subscribed, serve } = setUp({ revision: 5, cursor: 'c5' });
    serve([[{ type: 'ADDED', object: object(6) }]]);
    await bus.list(ref);
    const options: WatchOptions[] = [
      { resourceVersion: '5', labelSelector: 'a=b' },
      { resourceVersion: '5', fieldSelector: 'metadata.name=web' },
      { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' },
      { resourceVersion: '0' },
      {},
    ];
    for (const one of options) expect(await watch(one, 1)).toEqual([['ADDED', 6]]);
    expect(watched).toEqual(options);
    expect(subscribed).toEqual([]);
  });

  it('moves a watch from an unknown revision to the bus once it has caught up with it', async () => {
    const { watch, watched, subscribed, queues, serve, lists } = setUp({ revision: 9, cursor: 'c9' });
    serve([
      [{ type: 'MODIFIED', object: object(7) }],
      [{ type: 'BOOKMARK', object: object(10) }],
      [{ type: 'MODIFIED', object: object(11) }],
    ]);
    const watching = watch({ resourceVersion: '3' }, 2);
    await expect.poll(() => queues.length).toBe(1);
    queues[0]!.push(event(12));
    expect(await watching).toEqual([
      ['MODIFIED', 7],
      ['MODIFIED', 12],
    ]);
    expect(watched).toEqual([{ resourceVersion: '3', allowWatchBookmarks: true }]);
    expect(subscribed).toEqual([{ revision: 10, cursor: 'c9' }]);
    expect(lists).toEqual([{ limit: 1 }]);
  });

  it('tells of a gap as 410, and does not trust that cursor again', async () => {
    const { bus, watch, queues, watched, subscribed, serve } = setUp({ revision: 5, cursor: 'c5' });
    await bus.list(ref);
    const watching = watch({ resourceVersion: '5' }, 1);
    await settled();
    queues[0]!.end(new EventsError('Gap', 'gone'));
    await expect(watching).rejects.toMatchObject({ code: 410, reason: 'Expired' });
    serve([[{ type: 'ADDED', object: object(6) }]]);
    await bus.list(ref);
    expect(await watch({ resourceVersion: '5' }, 1)).toEqual([['ADDED', 6]]);
    expect(watched.length).toBe(1);
    expect(subscribed.length).toBe(1);
  });

  it('ends a slow watch without error, to go on from what was seen', async () => {
    const { bus, watch, queues, subscribed } = setUp({ revision: 5, cursor: 'c5' });
    await bus.list(ref);
    const watching = watch({ resourceVersion: '5' }, 9);
    await settled();
    queues[0]!.push(event(6));
    queues[0]!.end(new EventsError('SlowConsumer', 'slow'));
    expect(await watching).toEqual([['MODIFIED', 6]]);
    void watch({ resourceVersion: '6' }, 1);
    await settled();
    expect(subscribed[1]).toEqual({ revision: 6, cursor: 'c6' });
  });

  it('leaves objects that are stored in another version to the API server', async () => {
    const { bus, watch, queues, watched, subscribed, serve } = setUp({ revision: 5, cursor: 'c5' });
    serve([[{ type: 'MODIFIED', object: object(7) }]]);
    await bus.list(ref);
    const watching = watch({ resourceVersion: '5' }, 2);
    await settled();
    queues[0]!.push(event(6, { type: 'DELETED', object: object(6, '') }));
    queues[0]!.push(event(7, { object: object(7, 'apps/v1beta1') }));
    expect(await watching).toEqual([
      ['DELETED', 6],
      ['MODIFIED', 7],
    ]);
    expect(watched).toEqual([{ resourceVersion: '6' }]);
    await bus.list(ref);
    expect(await watch({ resourceVersion: '5' }, 1)).toEqual([['MODIFIED', 7]]);
    expect(subscribed.length).toBe(1);
  });

  it('watches through the API server while the bus is away, and returns to it', async () => {
    const clock = createVirtualClock();
    const { bus, watch, queues, watched, subscribed, serve, answers, presence } = setUp(
      { revision: 5, cursor: 'c5' },
      { clock, awayMs: 1_000 },
    );
    await bus.list(ref);
    const watching = watch({ resourceVersion: '5' }, 4);
    await settled();
    queues[0]!.push(event(6));
    await settled();
    await clock.advance(3_000);
    expect(watched).toEqual([]);

    presence.ready = false;
    const back = Promise.withResolvers<void>();
    serve([
      [{ type: 'MODIFIED', object: object(7) }],
      back.promise,
      [{ type: 'MODIFIED', object: object(9) }],
      [{ type: 'BOOKMARK', object: object(10) }],
    ]);
    await clock.advance(3_000);
    await expect.poll(() => watched).toEqual([{ resourceVersion: '6', allowWatchBookmarks: true }]);
    expect(subscribed.length).toBe(1);

    presence.ready = true;
    answers.revision = 8;
    answers.cursor = 'c8';
    back.resolve();
    await expect.poll(() => subscribed[1]?.cursor).toBe('c8');
    expect(subscribed[1]!.revision).toBeGreaterThanOrEqual(8);
    queues[1]!.push(event(12));
    expect(await watching).toEqual([
      ['MODIFIED', 6],
      ['MODIFIED', 7],
      ['MODIFIED', 9],
      ['MODIFIED', 12],
    ]);
  });
});
