import type { KubeObject, Status } from '@drydock/base/apimachinery';
import { ApiError } from '@drydock/base/apimachinery';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceRef, Transport, WatchEvent, WatchOptions } from '../transport/index.ts';

/** A transport to an API server that runs. */
export interface TransportFixture {
  readonly transport: Transport;
  /** A namespace that exists and holds no ConfigMaps of others that change. */
  readonly namespace: string;
  dispose(): Promise<void>;
}

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/**
 * The contract of `Transport` as tests, on ConfigMaps; every transport runs it. `open` is called once.
 * Names are unique within a run, so the namespace need not be empty.
 */
export function describeTransportContract(name: string, open: () => Promise<TransportFixture>): void {
  describe(`${name} keeps the contract of Transport`, () => {
    let fixture: TransportFixture;
    let transport: Transport;
    /** Label and name prefix of one test's objects. */
    let test = '';
    let serial = 0;
    beforeAll(async () => {
      fixture = await open();
      transport = fixture.transport;
    });
    afterAll(() => fixture?.dispose());
    beforeEach(() => {
      test = `suite-${serial++}`;
    });

    const ref = (objectName?: string, over: Partial<ResourceRef> = {}): ResourceRef => ({
      group: '',
      version: 'v1',
      resource: 'configmaps',
      namespace: fixture.namespace,
      ...(objectName === undefined ? {} : { name: objectName }),
      ...over,
    });
    const configMap = (objectName: string, data: Record<string, string> = { key: 'value' }): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: objectName, namespace: fixture.namespace, labels: { test } },
      data,
    });
    const create = (suffix: string, data?: Record<string, string>): Promise<ConfigMap> =>
      transport.create(ref(), configMap(`${test}-${suffix}`, data)) as Promise<ConfigMap>;
    const selection = () => ({ labelSelector: `test=${test}` });
    const names = (objects: readonly KubeObject[]) => objects.map((object) => object.metadata.name);

    describe('objects', () => {
      it('creates and reads back', async () => {
        const made = await create('a', { text: 'ä€😀\u0000"\\', empty: '' });
        expect(made).toMatchObject({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `${test}-a`, namespace: fixture.namespace, labels: { test } },
          data: { text: 'ä€😀\u0000"\\', empty: '' },
        });
        expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(Number(made.metadata.resourceVersion)).toBeGreaterThan(0);
        expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(await transport.get(ref(`${test}-a`))).toEqual(made);
      });

      it('makes up a name from generateName', async () => {
        const { metadata, ...rest } = configMap('unused');
        const named = { ...rest, metadata: { labels: metadata.labels, generateName: `${test}-gen-` } };
        const made = await Promise.all([1, 2, 3].map(() => transport.create(ref(), named)));
        expect(new Set(names(made)).size).toBe(3);
        for (const one of names(made)) expect(one).toMatch(new RegExp(`^${test}-gen-.{5}$`));
      });

      it('copies what it is given before it returns its promise', async () => {
        const given = configMap(`${test}-a`, { key: 'before' });
        const creating = transport.create(ref(), given);
        given.data!['key'] = 'after';
        given.metadata.name = 'other';
        const made = (await creating) as ConfigMap;
        expect(made.data).toEqual({ key: 'before' });

        const patch = { type: 'merge' as const, body: { data: { key: 'patched' } } };
        const patching = transport.patch(ref(`${test}-a`), patch);
        patch.body.data.key = 'after';
        expect(((await patching) as ConfigMap).data).toEqual({ key: 'patched' });
      });

      it('carries large objects', async () => {
        const made = await create('large', { blob: 'x'.repeat(900_000) });
        expect(made.data!['blob']!.length).toBe(900_000);
        expect(((await transport.get(ref(`${test}-large`))) as ConfigMap).data).toEqual(made.data);
      });

      it('updates, and refuses an update from an old revision', async () => {
        const made = await create('a');
        const updated = (await transport.update(ref(`${test}-a`), {
          ...made,
          data: { key: '2' },
        } as ConfigMap)) as ConfigMap;
        expect(updated.data).toEqual({ key: '2' });
        expect(updated.metadata.uid).toBe(made.metadata.uid);
        expect(Number(updated.metadata.resourceVersion)).toBeGreaterThan(
          Number(made.metadata.resourceVersion),
        );
        await expectStatus(transport.update(ref(`${test}-a`), { ...made, data: { key: '3' } } as ConfigMap), {
          message: `Operation cannot be fulfilled on configmaps "${test}-a": the object has been modified; please apply your changes to the latest version and try again`,
          reason: 'Conflict',
          details: { name: `${test}-a`, kind: 'configmaps' },
          code: 409,
        });
      });

      it('patches in three ways', async () => {
        await create('a', { one: '1', two: '2' });
        const at = ref(`${test}-a`);
        const json = await transport.patch(at, {
          type: 'json',
          body: [
            { op: 'replace', path: '/data/one', value: 'json' },
            { op: 'add', path: '/metadata/labels/patched', value: 'yes' },
          ],
        });
        expect(json).toMatchObject({
          data: { one: 'json', two: '2' },
          metadata: { labels: { test, patched: 'yes' } },
        });
        const merge = (await transport.patch(at, {
          type: 'merge',
          body: { data: { two: null, three: '3' } },
        })) as ConfigMap;
        expect(merge.data).toEqual({ one: 'json', three: '3' });
        const strategic = (await transport.patch(at, {
          type: 'strategic',
          body: { data: { one: null } },
        })) as ConfigMap;
        expect(strategic.data).toEqual({ three: '3' });
      });

      it('deletes, with preconditions', async () => {
        const made = await create('a');
        const at = ref(`${test}-a`);
        const wrong = '11111111-1111-4111-8111-111111111111';
        const error = await failure(transport.delete(at, { preconditions: { uid: wrong } }));
        expect(error.status).toMatchObject({ code: 409, reason: 'Conflict', details: { name: `${test}-a` } });
        expect(error.message).toContain(
          `the UID in the precondition (${wrong}) does not match the UID in record (${made.metadata.uid})`,
        );
        const gone = await transport.delete(at, { preconditions: { uid: made.metadata.uid! } });
        expect(['Status', 'ConfigMap']).toContain(gone.kind);
        expect((await failure(transport.get(at))).code).toBe(404);
      });

      it('changes nothing in a dry run', async () => {
        const dryRun = ['All'] as const;
        const made = await transport.create(ref(), configMap(`${test}-a`), { dryRun });
        expect(made.metadata.name).toBe(`${test}-a`);
        expect((await failure(transport.get(ref(`${test}-a`)))).code).toBe(404);
        const real = await create('a');
        await transport.patch(
          ref(`${test}-a`),
          { type: 'merge', body: { data: { key: 'dry' } } },
          { dryRun },
        );
        await transport.delete(ref(`${test}-a`), { dryRun });
        expect(await transport.get(ref(`${test}-a`))).toEqual(real);
      });

      it('does many writes at once', async () => {
        const made = await Promise.all(Array.from({ length: 300 }, (_, i) => create(String(i))));
        expect(new Set(made.map((object) => object.metadata.resourceVersion)).size).toBe(300);
        const { items } = await transport.list(ref(), selection());
        expect(items.length).toBe(300);
      });
    });

    describe('errors', () => {
      it('are ApiErrors with the whole Status', async () => {
        await expectStatus(transport.get(ref(`${test}-none`)), {
          message: `configmaps "${test}-none" not found`,
          reason: 'NotFound',
          details: { name: `${test}-none`, kind: 'configmaps' },
          code: 404,
        });
        await create('a');
        await expectStatus(create('a'), {
          message: `configmaps "${test}-a" already exists`,
          reason: 'AlreadyExists',
          details: { name: `${test}-a`, kind: 'configmaps' },
          code: 409,
        });
      });

      it('keep the causes of a refused object', async () => {
        const { status } = await failure(transport.create(ref(), configMap('Not_A_Name')));
        expect(status).toMatchObject({
          code: 422,
          reason: 'Invalid',
          details: { name: 'Not_A_Name', kind: 'ConfigMap' },
        });
        const [cause] = status.details!.causes!;
        expect(cause).toMatchObject({ reason: 'FieldValueInvalid', field: 'metadata.name' });
        expect(status.message).toBe(`ConfigMap "Not_A_Name" is invalid: metadata.name: ${cause!.message}`);
      });

      it('tell of resources that are not served, in every verb', async () => {
        const at = ref('x', { resource: 'nosuchthings' });
        const { name: _, ...collection } = at;
        const promises: Promise<unknown>[] = [
          transport.get(at),
          transport.list(collection),
          transport.create(collection, configMap('x')),
          transport.update(at, configMap('x')),
          transport.patch(at, { type: 'merge', body: {} }),
          transport.delete(at),
          transport.deleteCollection(collection),
          collect(transport.watch(collection, {}, new AbortController().signal)),
        ];
        for (const { status } of await Promise.all(promises.map(failure))) {
          expect(status).toMatchObject({ code: 404, reason: 'NotFound' });
        }
      });

      it('leave the transport in working order', async () => {
        const answers = await Promise.allSettled([
          transport.get(ref(`${test}-none`)),
          create('a'),
          transport.delete(ref(`${test}-none`)),
          create('b'),
        ]);
        expect(answers.map((answer) => answer.status)).toEqual([
          'rejected',
          'fulfilled',
          'rejected',
          'fulfilled',
        ]);
      });
    });

    describe('collections', () => {
      it('lists in order of names, by selectors', async () => {
        for (const suffix of ['c', 'a', 'b']) await create(suffix);
        const list = await transport.list(ref(), selection());
        expect(list).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
        expect(Number(list.metadata.resourceVersion)).toBeGreaterThan(0);
        expect(names(list.items)).toEqual([`${test}-a`, `${test}-b`, `${test}-c`]);
        const one = await transport.list(ref(), { ...selection(), fieldSelector: `metadata.name=${test}-b` });
        expect(names(one.items)).toEqual([`${test}-b`]);
        const none = await transport.list(ref(), { labelSelector: 'test in (nothing-has-this)' });
        expect(none.items).toEqual([]);
      });

      it('pages', async () => {
        await Promise.all(['a', 'b', 'c', 'd', 'e'].map((suffix) => create(suffix)));
        const seen: (string | undefined)[] = [];
        let token: string | undefined;
        let pages = 0;
        do {
          const page = await transport.list(ref(), {
            ...selection(),
            limit: 2,
            ...(token ? { continue: token } : {}),
          });
          seen.push(...names(page.items));
          token = page.metadata.continue;
          pages++;
        } while (token);
        expect(pages).toBe(3);
        expect(seen).toEqual(['a', 'b', 'c', 'd', 'e'].map((suffix) => `${test}-${suffix}`));
      });

      it('carries lists larger than a message', async () => {
        const blob = 'y'.repeat(200_000);
        await Promise.all(Array.from({ length: 24 }, (_, i) => create(String(i).padStart(2, '0'), { blob })));
        const { items } = await transport.list(ref(), selection());
        expect(items.length).toBe(24);
        expect(items.every((item) => (item as ConfigMap).data!['blob'] === blob)).toBe(true);
      });

      it('deletes what a selector selects', async () => {
        await Promise.all(['a', 'b', 'c'].map((suffix) => create(suffix)));
        const other = test;
        test = `${test}-kept`;
        await create('x');
        const answer = await transport.deleteCollection(ref(), {}, { labelSelector: `test=${other}` });
        expect(['Status', 'ConfigMapList']).toContain(answer.kind);
        expect((await transport.list(ref(), { labelSelector: `test=${other}` })).items).toEqual([]);
        expect((await transport.list(ref(), selection())).items.length).toBe(1);
      });
    });

    describe('watch', () => {
      /** Watches until enough events have come, then ends the loop. */
      async function take(
        options: WatchOptions,
        enough: number | ((events: readonly WatchEvent[]) => boolean),
      ): Promise<WatchEvent[]> {
        const events: WatchEvent[] = [];
        for await (const batch of transport.watch(ref(), options, new AbortController().signal)) {
          expect(batch.length).toBeGreaterThan(0);
          events.push(...batch.filter((event) => event.type !== 'BOOKMARK'));
          if (typeof enough === 'number' ? events.length >= enough : enough(events)) break;
        }
        return events;
      }
      const brief = (events: readonly WatchEvent[]) =>
        events.map(({ type, object }) => [
          type,
          object.metadata.name!.slice(test.length + 1),
          (object as ConfigMap).data,
        ]);

      it('begins with what there is, and goes on with what follows', async () => {
        await create('a', { n: '1' });
        await create('b', { n: '1' });
        // Whether the watch begins before or after these writes, it must lead to the same state.
        const state = (events: readonly WatchEvent[]) =>
          Object.fromEntries(brief(events).map(([, suffix, data]) => [suffix, (data as { n: string }).n]));
        const watching = take(selection(), (events) => {
          const { a, b, c } = state(events);
          return a === '2' && b === '1' && c === '1';
        });
        await transport.patch(ref(`${test}-a`), { type: 'merge', body: { data: { n: '2' } } });
        await create('c', { n: '1' });
        const events = await watching;
        expect(events[0]!.type).toBe('ADDED');
        expect(events.length).toBeLessThanOrEqual(4);
      });

      it('tells what followed a revision, each change once and in order', async () => {
        const made = await create('a', { n: '1' });
        const { metadata } = await transport.list(ref(), selection());
        await transport.patch(ref(`${test}-a`), { type: 'merge', body: { data: { n: '2' } } });
        await create('b', { n: '1' });
        await transport.delete(ref(`${test}-a`));
        const events = await take({ ...selection(), resourceVersion: metadata.resourceVersion! }, 3);
        expect(brief(events)).toEqual([
          ['MODIFIED', 'a', { n: '2' }],
          ['ADDED', 'b', { n: '1' }],
          ['DELETED', 'a', { n: '2' }],
        ]);
        const revisions = events.map((event) => Number(event.object.metadata.resourceVersion));
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
        expect(revisions[0]).toBeGreaterThan(Number(made.metadata.resourceVersion));
        expect(new Set(revisions).size).toBe(3);
        expect(events[0]!.object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
      });

      it('shows objects that move into and out of a selection', async () => {
        await create('a', { n: '1' });
        const { metadata } = await transport.list(ref(), selection());
        const move = (label: string) =>
          transport.patch(ref(`${test}-a`), {
            type: 'merge',
            body: { metadata: { labels: { test: label } } },
          });
        await move('elsewhere');
        await move(test);
        const events = await take({ ...selection(), resourceVersion: metadata.resourceVersion! }, 2);
        expect(events.map((event) => event.type)).toEqual(['DELETED', 'ADDED']);
      });

      it('ends without error when aborted, and at once', async () => {
        await create('a');
        const abort = new AbortController();
        const seen: WatchEvent[] = [];
        for await (const batch of transport.watch(ref(), selection(), abort.signal)) {
          seen.push(...batch);
          abort.abort();
        }
        expect(seen.length).toBe(1);
        const idle = new AbortController();
        const waiting = collect(transport.watch(ref(), { labelSelector: 'test=nobody' }, idle.signal));
        await create('b');
        idle.abort();
        expect(await waiting).toEqual([]);
        expect(await collect(transport.watch(ref(), selection(), AbortSignal.abort()))).toEqual([]);
      });

      it('serves many watches side by side', async () => {
        const { metadata } = await transport.list(ref(), selection());
        const options = { ...selection(), resourceVersion: metadata.resourceVersion! };
        const watches = Array.from({ length: 20 }, () => take(options, 30));
        await Promise.all(Array.from({ length: 30 }, (_, i) => create(String(i))));
        const [first, ...others] = await Promise.all(watches);
        expect(new Set(names(first!.map((event) => event.object))).size).toBe(30);
        for (const other of others) expect(brief(other)).toEqual(brief(first!));
      });
    });
  });
}

async function collect(batches: AsyncIterable<readonly WatchEvent[]>): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

/** The Status must be exactly this one, but for what every failure has. */
async function expectStatus(promise: Promise<unknown>, expected: Partial<Status>): Promise<void> {
  const { status } = await failure(promise);
  expect(status).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...expected });
}
