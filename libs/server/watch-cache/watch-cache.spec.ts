import { cloneJson, metadataOffset } from '@drydock/base/apimachinery';
import type { Store, StoreWatch, WatchSink } from '@drydock/port/store';
import { StoreError } from '@drydock/port/store';
import { createMemoryStore } from '@drydock/store-memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Widget } from '../registry/registry.spec-support.ts';
import { startRegistry } from '../registry/registry.spec-support.ts';
import { encodeStored, inStoredOrder, StoredItem } from './index.ts';

const context = { user: { name: 'tester', groups: [] } };
const collection = { group: 'example.io', version: 'v1', resource: 'widgets', namespace: 'default' };
const widget = (name: string, labels: Record<string, string> = {}): Widget => ({
  apiVersion: 'example.io/v1',
  kind: 'Widget',
  metadata: { name, labels },
  spec: { size: 1 },
});

/** A store whose watch can be broken from outside. */
function breakable(): {
  store: Store;
  breakWatch(code: 'Compacted' | 'Unavailable'): void;
  failLists: number;
} {
  const inner = createMemoryStore();
  let sink: WatchSink | undefined;
  let watch: StoreWatch | undefined;
  const control = {
    failLists: 0,
    store: {
      ...inner,
      list(prefix: string) {
        if (control.failLists-- > 0) return Promise.reject(new StoreError('Unavailable', 'not now'));
        return inner.list(prefix);
      },
      watch(from: number, to: WatchSink) {
        sink = to;
        watch = inner.watch(from, to);
        return watch;
      },
    },
    breakWatch(code: 'Compacted' | 'Unavailable') {
      watch?.cancel();
      sink?.ended(new StoreError(code, 'broken'));
    },
  };
  return control;
}

describe('stored form', () => {
  it('takes the resourceVersion by a copy, wherever the word metadata stands', () => {
    const object = inStoredOrder(
      {
        spec: { metadata: { a: 1 }, text: '"metadata":{' },
        metadata: { name: 'ä' },
        kind: 'K',
        apiVersion: 'v1',
      } as never,
      'v1',
      'K',
    );
    const value = encodeStored(object);
    expect(new TextDecoder().decode(value)).toBe(
      '{"kind":"K","apiVersion":"v1","metadata":{"name":"ä"},"spec":{"metadata":{"a":1},"text":"\\"metadata\\":{"}}',
    );
    const item = StoredItem.fromStore('ä', 12, value);
    expect(new TextDecoder().decode(item.bytes)).toBe(
      '{"kind":"K","apiVersion":"v1","metadata":{"resourceVersion":"12","name":"ä"},"spec":{"metadata":{"a":1},"text":"\\"metadata\\":{"}}',
    );
    const offset = '{"kind":"K","apiVersion":"v1",'.length;
    for (const likely of [undefined, 0, 3, offset, 10_000])
      expect(metadataOffset(item.bytes, likely)).toBe(offset);
    expect(JSON.parse(new TextDecoder().decode(item.atRevision(123456).bytes))).toEqual({
      ...item.object,
      metadata: { name: 'ä', resourceVersion: '123456' },
    });
    expect(item.atRevision(7).atRevision(9).object.metadata.resourceVersion).toBe('9');
  });
});

describe('a store watch that ends', () => {
  it.each(['Compacted', 'Unavailable'] as const)(
    'is followed by a rebuild, and watchers have to list again (%s)',
    async (code) => {
      const control = breakable();
      const server = await startRegistry({ store: control.store });
      await server.transport.create(collection, widget('a'));
      const changes: string[] = [];
      server.cache.onChange(collection, ({ key, current, previous }) => {
        changes.push(`${previous === undefined ? '+' : current === undefined ? '-' : '~'}${key}`);
      });
      const watch = await server.registry.watch(
        collection,
        { resourceVersion: String(server.cache.revision) },
        context,
      );
      const end = watch.next();
      control.failLists = 1;
      control.breakWatch(code);
      expect((await end).done).toBe(true);
      expect(server.cache.ready()).toBe(false);
      // Behind the cache's back, as another server would.
      await control.store.create(
        '/registry/example.io/widgets/default/b',
        encodeStored({
          kind: 'Widget',
          apiVersion: 'example.io/v1',
          metadata: { name: 'b', namespace: 'default' },
        }),
      );
      const reading = server.transport.list(collection);
      await server.clock.advance(1_000);
      expect((await reading).items.map((item) => item.metadata.name)).toEqual(['a', 'b']);
      expect(server.cache.ready()).toBe(true);
      expect(changes).toEqual(['+default/b']);
      await server.transport.create(collection, widget('c'));
      expect((await server.transport.list(collection)).items).toHaveLength(3);
      await server.stop();
    },
  );

  it('is not followed by rebuilds without a pause, where every new watch ends at once', async () => {
    const control = breakable();
    let watches = 0;
    let broken = false;
    const store: Store = {
      ...control.store,
      watch(from, sink) {
        watches++;
        if (!broken) return control.store.watch(from, sink);
        queueMicrotask(() => sink.ended(new StoreError('Unavailable', 'the disk failed')));
        return { cancel: () => undefined };
      },
    };
    const server = await startRegistry({ store });
    broken = true;
    control.breakWatch('Unavailable');
    // Whoever starves the event loop never comes here.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(watches).toBe(2);
    await server.clock.advance(10_000);
    expect(watches).toBeLessThan(15);
    broken = false;
    await server.clock.advance(10_000);
    await server.transport.create(collection, widget('after'));
    expect((await server.transport.list(collection)).items).toHaveLength(1);
    await server.stop();
  });
});

describe('a store shared with others', () => {
  it('is asked for its revision before a consistent read', async () => {
    const server = await startRegistry({ cache: { exclusiveStore: false } });
    const value = encodeStored({
      kind: 'Widget',
      apiVersion: 'example.io/v1',
      metadata: { name: 'x', namespace: 'default' },
    });
    const written = server.store.create('/registry/example.io/widgets/default/x', value);
    const read = server.transport.get({ ...collection, name: 'x' });
    await written;
    expect((await read).metadata.name).toBe('x');
    await server.stop();
  });
});

describe('replicas', () => {
  /** What a client that lists and then watches believes. */
  class Replica {
    readonly objects = new Map<string, Widget>();
    revision = 0;
    readonly selector: string | undefined;
    constructor(selector: string | undefined) {
      this.selector = selector;
    }
  }

  const step = fc.record({
    op: fc.constantFrom('put', 'label', 'delete', 'restart'),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    color: fc.constantFrom('red', 'blue'),
  });

  it('built from watches equal the list, with and without selectors, across resumes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const server = await startRegistry();
        const replicas = [new Replica(undefined), new Replica('color=red'), new Replica('color!=red')];
        const options = (replica: Replica) =>
          replica.selector === undefined ? {} : { labelSelector: replica.selector };
        const stops: (() => Promise<void>)[] = [];
        const follow = async (replica: Replica): Promise<void> => {
          const watch = await server.registry.watch(
            collection,
            { ...options(replica), resourceVersion: String(replica.revision) },
            context,
          );
          const done = (async () => {
            for await (const batch of watch) {
              for (const { type, object } of batch) {
                const revision = Number(object.metadata.resourceVersion);
                expect(revision).toBeGreaterThan(replica.revision);
                replica.revision = revision;
                const name = object.metadata.name!;
                expect(replica.objects.has(name)).toBe(type !== 'ADDED');
                if (type === 'DELETED') replica.objects.delete(name);
                else replica.objects.set(name, object);
              }
            }
          })();
          stops.push(async () => {
            watch.close();
            await done;
          });
        };
        const stopAll = async (): Promise<void> => {
          for (const stop of stops.splice(0)) await stop();
        };
        for (const replica of replicas) {
          replica.revision = server.cache.revision;
          await follow(replica);
        }
        for (const { op, name, color } of steps) {
          const ref = { ...collection, name };
          if (op === 'restart') {
            await stopAll();
            for (const replica of replicas) await follow(replica);
          } else if (op === 'delete') await server.transport.delete(ref).catch(() => undefined);
          else if (op === 'put')
            await server.transport.create(collection, widget(name, { color })).catch(() => undefined);
          else {
            await server.transport
              .patch(ref, { type: 'merge', body: { metadata: { labels: { color } } } })
              .catch(() => undefined);
          }
        }
        await server.clock.advance(0);
        for (const replica of replicas) {
          const list = await server.transport.list(collection, options(replica));
          const believed = [...replica.objects.values()].sort((a, b) =>
            a.metadata.name! < b.metadata.name! ? -1 : 1,
          );
          expect(believed).toEqual(list.items);
          const items = await server.registry.list(collection, options(replica), context);
          for (const item of items.items) {
            expect(JSON.parse(new TextDecoder().decode(item.bytes))).toEqual(cloneJson(item.object));
          }
        }
        await stopAll();
        await server.stop();
      }),
      { numRuns: 60 },
    );
  });
});
