import type { KubeObject, Status } from '@drydock/base/apimachinery';
import { ApiError } from '@drydock/base/apimachinery';
import type { WatchOptions } from '@drydock/port/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestServer, Widget } from '../registry/registry.spec-support.ts';
import { startRegistry } from '../registry/registry.spec-support.ts';
import type { StoredWatch, WatchBatch } from './index.ts';
import { watchBatchLines } from './index.ts';

const context = { user: { name: 'tester', groups: [] } };
const ref = (name?: string, namespace: string | undefined = 'default') => ({
  group: 'example.io',
  version: 'v1',
  resource: 'widgets',
  ...(namespace === '' ? {} : { namespace }),
  ...(name === undefined ? {} : { name }),
});
const widget = (name: string, labels: Record<string, string> = {}, spec: Widget['spec'] = {}): Widget => ({
  apiVersion: 'example.io/v1',
  kind: 'Widget',
  metadata: { name, labels },
  spec: { size: 1, ...spec },
});

let server: TestServer;
beforeEach(async () => {
  server = await startRegistry();
});
afterEach(() => server.stop());

const create = (object: KubeObject, namespace = 'default') =>
  server.transport.create(ref(undefined, namespace), object);
const label = (name: string, labels: Record<string, string | null>) =>
  server.transport.patch(ref(name), { type: 'merge', body: { metadata: { labels } } });
const open = async (options: WatchOptions, namespace: string | undefined = 'default'): Promise<StoredWatch> =>
  server.registry.watch(ref(undefined, namespace), options, context);

/** `TYPE name@revision` of each event. */
const shown = (batch: WatchBatch): string[] =>
  batch.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}@${object.metadata.resourceVersion}`);

async function take(watch: StoredWatch, count: number): Promise<string[]> {
  const events: string[] = [];
  while (events.length < count) {
    const { done, value } = await watch.next();
    if (done === true) throw new Error(`the watch ended after ${events.join(', ')}`);
    events.push(...shown(value));
  }
  return events;
}

async function failureOf(call: () => unknown): Promise<Status> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('start', () => {
  it('begins with a synthetic ADDED for everything there is', async () => {
    const a = await create(widget('a'));
    const b = await create(widget('b'));
    await create(widget('c'), 'other');
    for (const options of [{}, { resourceVersion: '0' }]) {
      const watch = await open(options);
      expect(await take(watch, 2)).toEqual([
        `ADDED a@${a.metadata.resourceVersion}`,
        `ADDED b@${b.metadata.resourceVersion}`,
      ]);
      watch.close();
    }
    const everywhere = await open({}, '');
    expect(await take(everywhere, 3)).toHaveLength(3);
    const gone = await server.transport.delete(ref('a'));
    expect(await take(everywhere, 1)).toEqual([`DELETED a@${(gone as KubeObject).metadata.resourceVersion}`]);
    everywhere.close();
  });

  it('names of the reference pin the watch', async () => {
    await create(widget('a'));
    const watch = await server.registry.watch(ref('a'), { resourceVersion: '0' }, context);
    await create(widget('b'));
    await label('a', { x: 'y' });
    expect((await take(watch, 2)).map((event) => event.split('@')[0])).toEqual(['ADDED a', 'MODIFIED a']);
    watch.close();
  });
});

describe('resume', () => {
  it('continues after the revision that was seen, and only then', async () => {
    const a = await create(widget('a'));
    const b = await create(widget('b'));
    const changed = await label('a', { x: 'y' });
    const watch = await open({ resourceVersion: a.metadata.resourceVersion! });
    expect(await take(watch, 2)).toEqual([
      `ADDED b@${b.metadata.resourceVersion}`,
      `MODIFIED a@${changed.metadata.resourceVersion}`,
    ]);
    const gone = (await server.transport.delete(ref('b'))) as KubeObject;
    expect(await take(watch, 1)).toEqual([`DELETED b@${gone.metadata.resourceVersion}`]);
    watch.close();
  });

  it('carries the last state with the revision of the delete', async () => {
    const a = await create(widget('a', { app: 'x' }));
    const watch = await open({ resourceVersion: a.metadata.resourceVersion! });
    await server.transport.delete(ref('a'));
    const { value } = await watch.next();
    const [event] = value!;
    expect(event!.object).toEqual({
      ...a,
      metadata: { ...a.metadata, resourceVersion: expect.any(String) },
    });
    expect(Number(event!.object.metadata.resourceVersion)).toBe(server.cache.revision);
    const line = JSON.parse(new TextDecoder().decode(watchBatchLines(value!))) as {
      type: string;
      object: KubeObject;
    };
    expect(line).toEqual({ type: 'DELETED', object: event!.object });
    watch.close();
  });

  it('answers 410 Expired for what is no longer known', async () => {
    await server.stop();
    server = await startRegistry({ cache: { windowEvents: 3 } });
    const a = await create(widget('a'));
    for (const name of ['b', 'c', 'd', 'e']) await create(widget(name));
    const oldest = Number(a.metadata.resourceVersion) + 1;
    expect(await failureOf(() => open({ resourceVersion: a.metadata.resourceVersion! }))).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: `too old resource version: ${a.metadata.resourceVersion} (${oldest})`,
    });
    const watch = await open({ resourceVersion: String(oldest) });
    expect((await take(watch, 3)).map((event) => event.split('@')[0])).toEqual([
      'ADDED c',
      'ADDED d',
      'ADDED e',
    ]);
    watch.close();
  });

  it('refuses what is no revision, and one from the future', async () => {
    expect(await failureOf(() => open({ resourceVersion: 'x' }))).toMatchObject({
      code: 400,
      message: 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    });
    const future = failureOf(() => open({ resourceVersion: '999' }));
    await server.clock.advance(3_000);
    expect((await future).details?.causes?.[0]?.reason).toBe('ResourceVersionTooLarge');
  });
});

describe('bookmarks', () => {
  it('come each minute, and shortly before the timeout, for those who allow them', async () => {
    const a = await create(widget('a'));
    const start = { resourceVersion: a.metadata.resourceVersion! };
    const watch = await open({ ...start, allowWatchBookmarks: true, timeoutSeconds: 90 });
    const silent = await open({ ...start, timeoutSeconds: 90 });
    const silence = silent.next();
    const first = watch.next();
    await server.transport.create(
      { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' },
      { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'elsewhere' } },
    );
    await server.clock.advance(60_000);
    const { value } = (await first) as { value: WatchBatch };
    expect(value.map(({ type, object }) => ({ type, object }))).toEqual([
      {
        type: 'BOOKMARK',
        object: {
          kind: 'Widget',
          apiVersion: 'example.io/v1',
          metadata: { resourceVersion: String(server.cache.revision) },
        },
      },
    ]);
    const second = watch.next();
    await server.clock.advance(28_000);
    expect(shown((await second).value!)).toEqual([`BOOKMARK @${server.cache.revision}`]);
    const end = watch.next();
    await server.clock.advance(2_000);
    expect((await end).done).toBe(true);
    expect((await silence).done).toBe(true);
  });

  it('end the initial events of a streaming list', async () => {
    await create(widget('a'));
    await create(widget('b'));
    const watch = await open({
      sendInitialEvents: true,
      allowWatchBookmarks: true,
      resourceVersionMatch: 'NotOlderThan',
    });
    expect((await take(watch, 3)).map((event) => event.split('@')[0])).toEqual([
      'ADDED a',
      'ADDED b',
      'BOOKMARK ',
    ]);
    watch.close();
    const again = await open({
      sendInitialEvents: true,
      allowWatchBookmarks: true,
      resourceVersionMatch: 'NotOlderThan',
    });
    let mark: KubeObject | undefined;
    while (mark === undefined) {
      const { value } = (await again.next()) as { value: WatchBatch };
      mark = value.find(({ type }) => type === 'BOOKMARK')?.object;
    }
    expect(mark.metadata).toMatchObject({
      resourceVersion: String(server.cache.revision),
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
    const c = await create(widget('c'));
    expect(await take(again, 1)).toEqual([`ADDED c@${c.metadata.resourceVersion}`]);
    again.close();
    const without = await open({ sendInitialEvents: false, resourceVersionMatch: 'NotOlderThan' });
    const d = await create(widget('d'));
    expect(await take(without, 1)).toEqual([`ADDED d@${d.metadata.resourceVersion}`]);
    without.close();
  });

  it('refuses options that contradict each other', async () => {
    expect(await failureOf(() => open({ sendInitialEvents: true }))).toMatchObject({
      code: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    });
    expect(
      (await failureOf(() => open({ resourceVersionMatch: 'NotOlderThan', resourceVersion: '1' }))).message,
    ).toContain('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  });
});

describe('selectors', () => {
  it('turn changes into ADDED and DELETED as objects come into and leave the selection', async () => {
    const watch = await open({ labelSelector: 'color=red', resourceVersion: String(server.cache.revision) });
    await create(widget('a', { color: 'blue' }));
    const red = await label('a', { color: 'red' });
    const still = await label('a', { size: 'big' });
    const left = await label('a', { color: 'green' });
    await label('a', { size: 'small' });
    const back = await label('a', { color: 'red' });
    await server.transport.delete(ref('a'));
    expect(await take(watch, 5)).toEqual([
      `ADDED a@${red.metadata.resourceVersion}`,
      `MODIFIED a@${still.metadata.resourceVersion}`,
      `DELETED a@${left.metadata.resourceVersion}`,
      `ADDED a@${back.metadata.resourceVersion}`,
      `DELETED a@${server.cache.revision}`,
    ]);
    watch.close();
    const resumed = await open({
      labelSelector: 'color=red',
      resourceVersion: still.metadata.resourceVersion!,
    });
    const { value } = await resumed.next();
    expect(shown(value!)[0]).toBe(`DELETED a@${left.metadata.resourceVersion}`);
    // The last state that was in the selection, not the one that left it.
    expect(value![0]!.object.metadata.labels).toEqual({ color: 'red', size: 'big' });
    resumed.close();
  });

  it('follow an indexed field from value to value', async () => {
    const n1 = await open(
      { fieldSelector: 'spec.nodeName=n1', resourceVersion: String(server.cache.revision) },
      '',
    );
    const n2 = await open(
      { fieldSelector: 'spec.nodeName=n2', resourceVersion: String(server.cache.revision) },
      '',
    );
    const none = await open(
      { fieldSelector: 'spec.nodeName=', resourceVersion: String(server.cache.revision) },
      '',
    );
    const move = (nodeName: string) =>
      server.transport.patch(ref('a'), { type: 'merge', body: { spec: { nodeName } } });
    const made = await create(widget('a'));
    const first = await move('n1');
    const second = await move('n2');
    expect(await take(none, 2)).toEqual([
      `ADDED a@${made.metadata.resourceVersion}`,
      `DELETED a@${first.metadata.resourceVersion}`,
    ]);
    expect(await take(n1, 2)).toEqual([
      `ADDED a@${first.metadata.resourceVersion}`,
      `DELETED a@${second.metadata.resourceVersion}`,
    ]);
    expect(await take(n2, 1)).toEqual([`ADDED a@${second.metadata.resourceVersion}`]);
    for (const watch of [n1, n2, none]) watch.close();
  });

  it('refuses fields that cannot be selected by', async () => {
    expect(await failureOf(() => open({ fieldSelector: 'spec.size=1' }))).toMatchObject({
      code: 400,
      message: 'field label not supported: spec.size',
    });
    const notes = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };
    expect(
      (await failureOf(() => server.registry.list(notes, { fieldSelector: 'data.a=1' }, context))).message,
    ).toBe('"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"');
    expect((await failureOf(() => open({ labelSelector: 'a in b' }))).code).toBe(400);
  });
});

describe('sharing', () => {
  it('gives watchers of one filter the very same batch and bytes', async () => {
    const from = { resourceVersion: String(server.cache.revision) };
    const watches = await Promise.all([open(from), open(from), open(from, '')]);
    const batches = watches.map((watch) => watch.next());
    await Promise.all([create(widget('a')), create(widget('b'))]);
    const [first, second, wide] = (await Promise.all(batches)).map((result) => result.value!);
    expect(first).toBe(second);
    expect(first).toHaveLength(2);
    expect(watchBatchLines(first!)).toBe(watchBatchLines(second!));
    expect(wide![0]).toBe(first![0]);
    const stored = await server.registry.get(ref('a'), {}, context);
    expect(first![0]!.stored).toBe(stored);
    for (const watch of watches) watch.close();
  });
});

describe('slow watchers', () => {
  it('are ended without error when they fall too far behind, and disturb nobody', async () => {
    await server.stop();
    server = await startRegistry({ cache: { watchLagEvents: 300 } });
    const from = { resourceVersion: String(server.cache.revision) };
    const slow = await open(from);
    const fast = await open(from);
    const seen: string[] = [];
    const reading = (async () => {
      while (seen.length < 700) seen.push(...(await take(fast, 1)));
    })();
    for (let index = 0; index < 700; index++) await create(widget(`w${index}`));
    await reading;
    expect(seen).toHaveLength(700);
    expect(await slow.next()).toEqual({ done: true, value: undefined });
    fast.close();
  });
});

describe('ending', () => {
  it('ends with the loop, with the signal, and with close', async () => {
    const abort = new AbortController();
    const watch = await server.registry.watch(ref(), {}, { ...context, signal: abort.signal });
    const pending = watch.next();
    abort.abort();
    expect((await pending).done).toBe(true);
    const closed = await open({});
    const waiting = closed.next();
    closed.close();
    expect((await waiting).done).toBe(true);
    expect((await closed.next()).done).toBe(true);
  });

  it('ends all watches when the cache stops', async () => {
    const watch = await open({});
    const pending = watch.next();
    await server.cache.stop();
    expect((await pending).done).toBe(true);
  });

  it('yields batches to the in-process transport, whose errors reach the reader', async () => {
    const abort = new AbortController();
    await create(widget('a'));
    const names: string[] = [];
    for await (const batch of server.transport.watch(ref(), {}, abort.signal)) {
      names.push(...batch.map(({ object }) => object.metadata.name!));
      break;
    }
    expect(names).toEqual(['a']);
    const failing = server.transport
      .watch(ref(), { resourceVersion: 'x' }, abort.signal)
      [Symbol.asyncIterator]();
    expect((await failureOf(() => failing.next())).code).toBe(400);
  });
});
