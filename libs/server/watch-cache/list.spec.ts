import type { KubeList, KubeObject, Status } from '@drydock/base/apimachinery';
import { ApiError } from '@drydock/base/apimachinery';
import type { ListOptions } from '@drydock/port/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestServer, Widget } from '../registry/registry.spec-support.ts';
import { startRegistry } from '../registry/registry.spec-support.ts';

const ref = (name?: string, namespace: string | undefined = 'default') => ({
  group: 'example.io',
  version: 'v1',
  resource: 'widgets',
  ...(namespace === '' ? {} : { namespace }),
  ...(name === undefined ? {} : { name }),
});

let server: TestServer;
beforeEach(async () => {
  server = await startRegistry();
});
afterEach(() => server.stop());

const create = (name: string, namespace = 'default', extra: Partial<Widget> = {}) =>
  server.transport.create(ref(undefined, namespace), {
    apiVersion: 'example.io/v1',
    kind: 'Widget',
    spec: { size: 1 },
    ...extra,
    metadata: { name, ...extra.metadata },
  } as Widget);
const list = (options: ListOptions = {}, namespace: string | undefined = 'default') =>
  server.transport.list(ref(undefined, namespace), options);
const names = (page: KubeList): string[] => page.items.map((item: KubeObject) => item.metadata.name!);

async function failureOf(call: () => Promise<unknown>): Promise<Status> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('list', () => {
  it('is in key order and tells its revision', async () => {
    await create('b');
    await create('a');
    await create('z', 'aaa');
    await create('c', 'default-2');
    const page = await list();
    expect(page).toMatchObject({
      kind: 'WidgetList',
      apiVersion: 'example.io/v1',
      metadata: { resourceVersion: String(server.cache.revision) },
    });
    expect(names(page)).toEqual(['a', 'b']);
    expect(names(await list({}, ''))).toEqual(['z', 'c', 'a', 'b']);
    expect(names(await list({}, 'nowhere'))).toEqual([]);
  });

  it('selects by label and field', async () => {
    await create('a', 'default', { metadata: { labels: { app: 'x' } } });
    await create('b', 'default', { metadata: { labels: { app: 'y' } }, spec: { size: 1, nodeName: 'n1' } });
    await create('c', 'other', { spec: { size: 1, nodeName: 'n1' } });
    expect(names(await list({ labelSelector: 'app in (x,y)' }))).toEqual(['a', 'b']);
    expect(names(await list({ labelSelector: '!app' }, ''))).toEqual(['c']);
    expect(names(await list({ fieldSelector: 'metadata.name=b' }))).toEqual(['b']);
    expect(names(await list({ fieldSelector: 'metadata.name!=b' }))).toEqual(['a']);
    expect(names(await list({ fieldSelector: 'spec.nodeName=n1' }, ''))).toEqual(['b', 'c']);
    expect(names(await list({ fieldSelector: 'spec.nodeName=n1' }))).toEqual(['b']);
    expect(names(await list({ fieldSelector: 'spec.nodeName=n1,metadata.namespace=other' }, ''))).toEqual([
      'c',
    ]);
    expect(names(await list({ fieldSelector: 'spec.nodeName=n1', labelSelector: 'app=y' }, ''))).toEqual([
      'b',
    ]);
    await server.transport.patch(ref('b'), { type: 'merge', body: { spec: { nodeName: 'n2' } } });
    expect(names(await list({ fieldSelector: 'spec.nodeName=n1' }, ''))).toEqual(['c']);
    await server.transport.delete(ref('c', 'other'), { gracePeriodSeconds: 0 });
    expect(names(await list({ fieldSelector: 'spec.nodeName=n1' }, ''))).toEqual([]);
    expect(names(await list({ fieldSelector: 'spec.nodeName=n2' }, ''))).toEqual(['b']);
  });
});

describe('consistent continue', () => {
  it('pages through one revision while the world changes', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    const first = await list({ limit: 2 });
    expect(names(first)).toEqual(['a', 'b']);
    expect(first.metadata).toMatchObject({ remainingItemCount: 3, continue: expect.any(String) });
    await create('bb');
    await server.transport.delete(ref('d'));
    const second = await list({ limit: 2, continue: first.metadata.continue! });
    expect(names(second)).toEqual(['c', 'd']);
    expect(second.metadata).toMatchObject({
      remainingItemCount: 1,
      resourceVersion: first.metadata.resourceVersion,
    });
    const third = await list({ limit: 2, continue: second.metadata.continue! });
    expect(names(third)).toEqual(['e']);
    expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
    expect(names(await list())).toEqual(['a', 'b', 'bb', 'c', 'e']);
  });

  it('tells no remainingItemCount with selectors, and ends when nothing more matches', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await create(name, 'default', { metadata: { labels: { odd: String(name === 'a' || name === 'c') } } });
    }
    const first = await list({ limit: 1, labelSelector: 'odd=true' });
    expect(names(first)).toEqual(['a']);
    expect(first.metadata.remainingItemCount).toBeUndefined();
    const second = await list({ limit: 1, labelSelector: 'odd=true', continue: first.metadata.continue! });
    expect(names(second)).toEqual(['c']);
    expect(second.metadata.continue).toBeUndefined();
  });

  it('counts what remains in the namespace only', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    await create('x', 'other');
    expect((await list({ limit: 1 })).metadata.remainingItemCount).toBe(2);
    expect((await list({ limit: 1 }, '')).metadata.remainingItemCount).toBe(3);
  });

  it('expires, and offers to go on inconsistently', async () => {
    await server.stop();
    server = await startRegistry({ cache: { windowEvents: 1, snapshotMs: 300_000 } });
    for (const name of ['a', 'b', 'c']) await create(name);
    const first = await list({ limit: 1 });
    await server.transport.delete(ref('b'));
    await create('d');
    await server.clock.advance(299_000);
    expect(names(await list({ continue: first.metadata.continue! }))).toEqual(['b', 'c']);
    await server.clock.advance(2_000);
    const expired = await failureOf(() => list({ continue: first.metadata.continue! }));
    expect(expired).toMatchObject({
      code: 410,
      reason: 'Expired',
      message:
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    });
    expect(names(await list({ continue: expired.metadata.continue! }))).toEqual(['c', 'd']);
  });

  it.each(['x', 'AAAA', '', 'e30'])('refuses the token %j', async (token) => {
    if (token === '') return;
    expect((await failureOf(() => list({ continue: token }))).code).toBe(400);
  });
});

describe('resourceVersion', () => {
  it('Exact answers the past, while it is known', async () => {
    const a = await create('a');
    await create('b');
    await server.transport.delete(ref('a'));
    const exact = { resourceVersion: a.metadata.resourceVersion!, resourceVersionMatch: 'Exact' as const };
    const page = await list(exact);
    expect(names(page)).toEqual(['a']);
    expect(page.metadata.resourceVersion).toBe(a.metadata.resourceVersion);
    expect(names(await list({ resourceVersion: a.metadata.resourceVersion!, limit: 5 }))).toEqual(['a']);
    expect(names(await list({ ...exact, resourceVersionMatch: 'NotOlderThan' }))).toEqual(['b']);
    expect(names(await list({ resourceVersion: '0' }))).toEqual(['b']);
    await server.stop();
    server = await startRegistry({ cache: { windowEvents: 1 } });
    const old = await create('a');
    await create('b');
    await create('c');
    expect(
      await failureOf(() =>
        list({ resourceVersion: old.metadata.resourceVersion!, resourceVersionMatch: 'Exact' }),
      ),
    ).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  it.each([
    [
      { resourceVersion: 'x' },
      400,
      'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      { resourceVersionMatch: 'Exact' },
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
    [
      { resourceVersion: '0', resourceVersionMatch: 'Exact' },
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      {
        resourceVersion: '5',
        continue: btoa('{"v":"meta.k8s.io/v1","rv":3,"start":"a"}').replaceAll('=', ''),
      },
      400,
      'specifying resource version is not allowed when using continue',
    ],
  ])('refuses %o', async (options, code, message) => {
    expect(await failureOf(() => list(options as ListOptions))).toMatchObject({ code, message });
  });

  it('waits for the future for three seconds', async () => {
    const never = failureOf(() => list({ resourceVersion: '500' }));
    await server.clock.advance(3_000);
    expect(await never).toMatchObject({ code: 504, reason: 'Timeout' });
    const soon = list({ resourceVersion: String(server.cache.revision + 1) });
    await create('a');
    expect(names(await soon)).toEqual(['a']);
  });
});
