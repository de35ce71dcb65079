import type { KubeObject, Status } from '@drydock/base/apimachinery';
import { ApiError, conflict } from '@drydock/base/apimachinery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceDefinition } from './index.ts';
import type { TestServer, Widget } from './registry.spec-support.ts';
import { namespaces, startRegistry, widgets } from './registry.spec-support.ts';

interface OldWidget extends KubeObject {
  spec?: { weight?: number };
}

/** example.io/v1alpha1 calls the size weight. */
const oldWidgets: ResourceDefinition<OldWidget> = {
  group: 'example.io',
  version: 'v1alpha1',
  kind: 'Widget',
  resource: 'widgets',
  singular: 'widget',
  namespaced: true,
  schema: 'test.OldWidget',
  status: true,
  strategy: {},
  storedAs: {
    group: 'example.io',
    version: 'v1',
    resource: 'widgets',
    toStored(object) {
      const { spec, ...rest } = object as OldWidget;
      return { ...rest, apiVersion: 'example.io/v1', spec: { size: spec?.weight } } as Widget;
    },
    fromStored(object) {
      const { spec, ...rest } = object as Widget;
      return { ...rest, apiVersion: 'example.io/v1alpha1', spec: { weight: spec?.size } } as OldWidget;
    },
  },
};

const polished: ResourceDefinition<Widget> = {
  ...widgets,
  subresources: {
    polish: {
      kind: 'Widget',
      verbs: ['create', 'get'],
      get: (request) => request.parent(),
      async create(request, body) {
        return request.updateParent((draft) => {
          if (draft.metadata.labels?.polished !== undefined) {
            throw conflict({ group: 'example.io', resource: 'widgets' }, request.name, 'it shines already');
          }
          draft.metadata.labels = { polished: (body as Widget).spec?.color ?? 'yes' };
          draft.metadata.finalizers = [];
        });
      },
    },
    smash: {
      kind: 'Widget',
      verbs: ['create'],
      create: (request) => request.deleteParent({ gracePeriodSeconds: 0 }),
    },
  },
};

const reviews: ResourceDefinition = {
  group: 'example.io',
  version: 'v1',
  kind: 'Review',
  resource: 'reviews',
  singular: 'review',
  namespaced: false,
  verbs: ['create'],
  schema: 'test.Review',
  strategy: {},
  virtualCreate: (object, { user }) =>
    ({ ...object, status: { allowed: user.name === 'tester' } }) as KubeObject,
};

const ref = (version: string, name?: string, subresource?: string) => ({
  group: 'example.io',
  version,
  resource: 'widgets',
  namespace: 'default',
  ...(name === undefined ? {} : { name }),
  ...(subresource === undefined ? {} : { subresource }),
});
const context = { user: { name: 'tester', groups: [] } };
const widget: Widget = {
  kind: 'Widget',
  apiVersion: 'example.io/v1',
  metadata: { name: 'a' },
  spec: { size: 3 },
};

async function failureOf(call: () => Promise<unknown>): Promise<Status> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('it did not fail');
}

let server: TestServer;
beforeEach(async () => {
  const definitions = [oldWidgets, polished, namespaces, reviews] as ResourceDefinition[];
  server = await startRegistry({ definitions });
});
afterEach(() => server.stop());

describe('another face of stored objects', () => {
  it('is read, listed, written and watched like its own kind', async () => {
    const made = (await server.transport.create(ref('v1'), widget)) as Widget;
    const old = await server.registry.get(ref('v1alpha1', 'a'), {}, context);
    expect(old.object).toMatchObject({
      apiVersion: 'example.io/v1alpha1',
      spec: { weight: 3 },
      metadata: { uid: made.metadata.uid },
    });
    expect(JSON.parse(new TextDecoder().decode(old.bytes))).toEqual(old.object);
    expect(new TextDecoder().decode(old.bytes)).toMatch(
      /^{"kind":"Widget","apiVersion":"example.io\/v1alpha1","metadata":{/,
    );
    expect((await server.registry.get(ref('v1alpha1', 'a'), {}, context)).bytes).toBe(old.bytes);

    const watch = await server.registry.watch(
      ref('v1alpha1'),
      { resourceVersion: made.metadata.resourceVersion! },
      context,
    );
    await server.transport.patch(ref('v1alpha1', 'a'), { type: 'merge', body: { spec: { weight: 4 } } });
    const batch = (await watch.next()).value as readonly { type: string; object: KubeObject }[];
    expect(batch.map(({ type, object }) => ({ type, object }))).toMatchObject([
      { type: 'MODIFIED', object: { apiVersion: 'example.io/v1alpha1', spec: { weight: 4 } } },
    ]);
    watch.close();
    await server.transport.create(ref('v1alpha1'), {
      kind: 'Widget',
      apiVersion: 'example.io/v1alpha1',
      metadata: { name: 'b' },
      spec: { weight: 9 },
    } as OldWidget);
    expect(await server.transport.get(ref('v1', 'b'))).toMatchObject({
      apiVersion: 'example.io/v1',
      spec: { size: 9, color: 'red' },
    });
    const list = await server.transport.list(ref('v1alpha1'));
    expect(list).toMatchObject({
      apiVersion: 'example.io/v1alpha1',
      items: [{ spec: { weight: 4 } }, { spec: { weight: 9 } }],
    });
    await server.transport.delete(ref('v1alpha1', 'b'));
    expect((await failureOf(() => server.transport.get(ref('v1', 'b')))).code).toBe(404);
  });

  it('keeps the order of declaration', () => {
    expect(server.registry.definitions().map(({ version, resource }) => `${version}/${resource}`)).toEqual([
      'v1alpha1/widgets',
      'v1/widgets',
      'v1/namespaces',
      'v1/reviews',
    ]);
  });
});

describe('subresources of their own', () => {
  it('read, change and delete their parent', async () => {
    await server.transport.create(ref('v1'), widget);
    expect(await server.transport.get(ref('v1', 'a', 'polish'))).toBe(
      await server.transport.get(ref('v1', 'a')),
    );
    const polish = () =>
      server.transport.create(ref('v1', 'a', 'polish'), {
        kind: 'Widget',
        apiVersion: 'example.io/v1',
        metadata: {},
      });
    expect(await polish()).toMatchObject({ metadata: { labels: { polished: 'yes' } } });
    expect((await failureOf(polish)).message).toBe(
      'Operation cannot be fulfilled on widgets.example.io "a": it shines already',
    );
    await server.transport.create(ref('v1', 'a', 'smash'), {
      kind: 'Widget',
      apiVersion: 'example.io/v1',
      metadata: {},
    });
    expect((await failureOf(() => server.transport.get(ref('v1', 'a')))).code).toBe(404);
    expect((await failureOf(polish)).code).toBe(404);
  });

  it('answers what there is not', async () => {
    await server.transport.create(ref('v1'), widget);
    expect((await failureOf(() => server.transport.get(ref('v1', 'a', 'nothing')))).code).toBe(404);
    expect((await failureOf(() => server.transport.get(ref('v1', 'a', 'smash')))).code).toBe(405);
    expect(
      (await failureOf(() => server.transport.get({ ...ref('v1', 'a'), resource: 'gadgets' }))).code,
    ).toBe(404);
  });
});

describe('kinds without a store', () => {
  it('answer a create', async () => {
    const reviewsRef = { group: 'example.io', version: 'v1', resource: 'reviews' };
    expect(
      await server.transport.create(reviewsRef, {
        kind: 'Review',
        apiVersion: 'example.io/v1',
        metadata: {},
      }),
    ).toMatchObject({
      kind: 'Review',
      status: { allowed: true },
    });
    expect((await failureOf(() => server.transport.list(reviewsRef))).code).toBe(405);
  });
});

describe('after the stop', () => {
  it('answers 503', async () => {
    await server.transport.create(ref('v1'), widget);
    await server.cache.stop();
    expect((await failureOf(() => server.transport.list(ref('v1')))).code).toBe(503);
    expect((await failureOf(() => server.transport.get(ref('v1', 'a')))).code).toBe(503);
  });
});
