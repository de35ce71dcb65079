import type { KubeObject, ManagedFieldsEntry, Status } from '@drydock/base/apimachinery';
import { ApiError, decodeFieldsV1, fieldPaths } from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { pathText } from '@drydock/base/structured-merge';
import { silentLogger } from '@drydock/port/observability';
import type { PatchOptions, ResourceRef, Transport } from '@drydock/port/transport';
import { createMemoryStore } from '@drydock/store-memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiServerCore, systemUser, type ApiServerCore } from '../core/index.ts';
import { allDefinitions } from '../resources/index.ts';

interface Deployment extends KubeObject {
  spec: { replicas?: number; template: { spec: { containers: Container[] } } };
}
interface Container {
  name: string;
  image?: string;
  env?: { name: string; value?: string }[];
}

const clock = createVirtualClock();
let core: ApiServerCore;
let client: Transport;
beforeEach(async () => {
  core = createApiServerCore(
    {},
    {
      store: createMemoryStore(),
      definitions: allDefinitions,
      clock,
      random: createSeededRandom(7),
      logger: silentLogger,
    },
  );
  await core.start();
  client = core.transport(systemUser);
});
afterEach(() => core.stop());

const ref = (resource: string, name?: string, subresource?: string): ResourceRef => ({
  group: resource === 'deployments' ? 'apps' : '',
  version: 'v1',
  resource,
  namespace: 'default',
  ...(name === undefined ? {} : { name }),
  ...(subresource === undefined ? {} : { subresource }),
});
const configMap = (data: Record<string, string> | undefined, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', ...more },
  ...(data === undefined ? {} : { data }),
});
const deployment = (replicas: number | undefined, ...containers: Container[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers } },
  },
});
const apply = (to: ResourceRef, body: object, fieldManager: string, options: PatchOptions = {}) =>
  client.patch(to, { type: 'apply', body }, { fieldManager, ...options });
const applyMap = (data: Record<string, string> | undefined, manager: string, options?: PatchOptions) =>
  apply(ref('configmaps', 'c'), configMap(data), manager, options) as Promise<
    KubeObject & { data?: Record<string, string> }
  >;

/** `manager operation subresource: paths`, for each entry. */
function owners(object: KubeObject): string[] {
  return (object.metadata.managedFields ?? []).map((entry: ManagedFieldsEntry) => {
    const paths = [...fieldPaths(decodeFieldsV1(entry.fieldsV1))].map(pathText).join(' ');
    return `${entry.manager} ${entry.operation}${entry.subresource === undefined ? '' : ` ${entry.subresource}`}: ${paths}`;
  });
}
async function failure(promise: Promise<unknown>): Promise<Status> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return (error as ApiError).status;
}

describe('managed fields of updates', () => {
  it('belong to the creator, defaults and structs included, but not to the system', async () => {
    const made = await client.create(
      ref('deployments'),
      deployment(2, { name: 'x', image: 'i' }) as unknown as KubeObject,
      { fieldManager: 'maker' },
    );
    expect(owners(made)).toHaveLength(1);
    const [mine = ''] = owners(made);
    expect(mine).toMatch(/^maker Update: /);
    for (const path of [
      '.spec.replicas',
      '.spec.progressDeadlineSeconds',
      '.spec.selector',
      '.spec.strategy.type',
    ])
      expect(mine.split(' ')).toContain(path);
    for (const path of ['.spec', '.spec.template', '.metadata', '.metadata.name', '.kind', '.status'])
      expect(mine.split(' ')).not.toContain(path);
    expect(made.metadata.managedFields?.[0]).toMatchObject({
      apiVersion: 'apps/v1',
      fieldsType: 'FieldsV1',
      time: made.metadata.creationTimestamp,
    });
  });

  it('pass to whoever changes them; what nobody sets belongs to nobody', async () => {
    const made = await client.create(ref('configmaps'), configMap({ a: '1', b: '1' }) as never, {
      fieldManager: 'one',
    });
    expect(owners(made)).toEqual(['one Update: .data .data.a .data.b']);
    const changed = await client.patch(
      ref('configmaps', 'c'),
      { type: 'merge', body: { data: { a: '2', c: '3' } } },
      { fieldManager: 'two' },
    );
    expect(owners(changed)).toEqual(['one Update: .data .data.b', 'two Update: .data.a .data.c']);
    const shrunk = await client.patch(
      ref('configmaps', 'c'),
      { type: 'merge', body: { data: { b: null } } },
      { fieldManager: 'two' },
    );
    expect(owners(shrunk)).toEqual(['one Update: .data', 'two Update: .data.a .data.c']);
  });

  it('keep apart what is written through status and scale', async () => {
    await client.create(ref('deployments'), deployment(1, { name: 'x', image: 'i' }) as never, {
      fieldManager: 'maker',
    });
    await client.patch(
      ref('deployments', 'd', 'status'),
      { type: 'merge', body: { status: { observedGeneration: 1, replicas: 1 }, spec: { replicas: 9 } } },
      { fieldManager: 'controller' },
    );
    await client.patch(
      ref('deployments', 'd', 'scale'),
      { type: 'merge', body: { spec: { replicas: 3 } } },
      { fieldManager: 'scaler' },
    );
    const found = await client.get(ref('deployments', 'd'));
    const [controller, maker, scaler] = owners(found);
    expect(controller).toBe('controller Update status: .status.observedGeneration .status.replicas');
    expect(maker).not.toContain('.spec.replicas');
    expect(scaler).toBe('scaler Update scale: .spec.replicas');
  });

  it('are what they were when nothing changes, and the version too', async () => {
    const made = await client.create(ref('configmaps'), configMap({ a: '1' }) as never, {
      fieldManager: 'one',
    });
    await clock.advance(5_000);
    const same = await client.patch(
      ref('configmaps', 'c'),
      { type: 'merge', body: { data: { a: '1' } } },
      { fieldManager: 'two' },
    );
    expect(same.metadata).toEqual(made.metadata);
  });

  it('can be written by who knows them, forgotten on request, and not lost by who does not', async () => {
    const made = await client.create(ref('configmaps'), configMap({ a: '1' }) as never, {
      fieldManager: 'one',
    });
    const { managedFields: _dropped, ...metadata } = made.metadata;
    const kept = await client.update(ref('configmaps', 'c'), { ...made, metadata } as never, {
      fieldManager: 'two',
    });
    expect(kept.metadata.managedFields).toEqual(made.metadata.managedFields);
    const reset = await client.update(
      ref('configmaps', 'c'),
      { ...made, metadata: { ...made.metadata, managedFields: [{}] } } as never,
      { fieldManager: 'two' },
    );
    expect(reset.metadata.managedFields).toBeUndefined();
  });

  it('are kept for ten updaters; the oldest melt into one', async () => {
    await client.create(ref('configmaps'), configMap({ a: '1' }) as never, { fieldManager: 'm0' });
    for (let index = 1; index <= 12; index++) {
      await clock.advance(1_000);
      await client.patch(
        ref('configmaps', 'c'),
        { type: 'merge', body: { data: { [`k${index}`]: '1' } } },
        { fieldManager: `m${index}` },
      );
    }
    const found = owners(await client.get(ref('configmaps', 'c')));
    expect(found).toHaveLength(10);
    expect(found[0]).toBe('ancient-changes Update: .data .data.a .data.k1 .data.k2 .data.k3');
  });
});

describe('server-side apply', () => {
  it('creates what is not there, owned by the applier as far as it was said', async () => {
    const made = (await apply(
      ref('deployments', 'd'),
      deployment(2, { name: 'x', image: 'i' }),
      'me',
    )) as Deployment;
    expect(made.metadata.generation).toBe(1);
    expect(owners(made)).toEqual([
      'me Apply: .spec.replicas .spec.selector .spec.template.metadata.labels.a ' +
        '.spec.template.spec.containers[name="x"] .spec.template.spec.containers[name="x"].image ' +
        '.spec.template.spec.containers[name="x"].name',
    ]);
  });

  it('changes nothing, not even the version, when nothing is new', async () => {
    const made = await applyMap({ a: '1' }, 'me');
    await clock.advance(5_000);
    expect((await applyMap({ a: '1' }, 'me')).metadata).toEqual(made.metadata);
  });

  it('takes away what the applier no longer wants', async () => {
    await applyMap({ a: '1', b: '2' }, 'me');
    const less = await applyMap({ a: '1' }, 'me');
    expect(less.data).toEqual({ a: '1' });
    const none = await applyMap(undefined, 'me');
    expect(none.data).toBeUndefined();
    expect(none.metadata.managedFields).toBeUndefined();
  });

  it('leaves what others own too, and what nobody applied', async () => {
    await applyMap({ a: '1', b: '2' }, 'me');
    await applyMap({ b: '2' }, 'you');
    await client.patch(
      ref('configmaps', 'c'),
      { type: 'merge', body: { data: { c: '3' } } },
      { fieldManager: 'editor' },
    );
    expect((await applyMap({ a: '1' }, 'me')).data).toEqual({ a: '1', b: '2', c: '3' });
    expect((await applyMap(undefined, 'you')).data).toEqual({ a: '1', c: '3' });
  });

  it('refuses to change what others own, naming each field, unless it is forced', async () => {
    await applyMap({ a: '1', b: '1' }, 'me');
    expect(await failure(applyMap({ a: '2' }, 'you'))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "me": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.data.a' }],
      },
    });
    await client.patch(
      ref('configmaps', 'c'),
      { type: 'merge', body: { data: { b: '2' } } },
      { fieldManager: 'editor' },
    );
    expect((await failure(applyMap({ a: '2', b: '3' }, 'you'))).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "editor" using v1:\n- .data.b\nconflicts with "me":\n- .data.a',
    );
    const forced = await applyMap({ a: '2', b: '3' }, 'you', { force: true });
    expect(forced.data).toEqual({ a: '2', b: '3' });
    expect(owners(forced)).toEqual(['you Apply: .data.a .data.b']);
  });

  it('shares fields on which all agree', async () => {
    await applyMap({ a: '1' }, 'me');
    expect(owners(await applyMap({ a: '1' }, 'you'))).toEqual(['me Apply: .data.a', 'you Apply: .data.a']);
  });

  it('merges lists by their keys and keeps the applier’s order', async () => {
    await apply(
      ref('deployments', 'd'),
      deployment(1, { name: 'x', image: 'i' }, { name: 'y', image: 'i' }),
      'me',
    );
    const both = (await apply(
      ref('deployments', 'd'),
      deployment(undefined, { name: 'z', image: 'j' }),
      'you',
    )) as Deployment;
    expect(both.spec.template.spec.containers.map(({ name }) => name)).toEqual(['x', 'y', 'z']);
    const less = (await apply(
      ref('deployments', 'd'),
      deployment(1, { name: 'y', image: 'i' }),
      'me',
    )) as Deployment;
    expect(less.spec.template.spec.containers.map(({ name }) => name)).toEqual(['y', 'z']);
  });

  it('takes over an object that nobody ever tracked from its past', async () => {
    const made = await client.create(ref('configmaps'), configMap({ a: '1', b: '1' }) as never, {
      fieldManager: 'one',
    });
    await client.update(
      ref('configmaps', 'c'),
      { ...made, metadata: { ...made.metadata, managedFields: [{}] } } as never,
      {},
    );
    expect((await failure(applyMap({ a: '2' }, 'me'))).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
    expect(owners(await applyMap({ a: '2' }, 'me', { force: true }))).toEqual([
      'me Apply: .data.a',
      'before-first-apply Update: .data .data.b',
    ]);
  });

  it('goes through status and scale with owners of their own', async () => {
    await apply(ref('deployments', 'd'), deployment(1, { name: 'x', image: 'i' }), 'me');
    const status = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      status: { replicas: 1 },
    };
    const after = await apply(ref('deployments', 'd', 'status'), status, 'controller');
    expect(owners(after)).toContain('controller Apply status: .status.replicas');
    const scale = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd' },
      spec: { replicas: 4 },
    };
    expect((await failure(apply(ref('deployments', 'd', 'scale'), scale, 'scaler'))).message).toBe(
      'Apply failed with 1 conflict: conflict with "me": .spec.replicas',
    );
    expect(await apply(ref('deployments', 'd', 'scale'), scale, 'scaler', { force: true })).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 4 },
    });
    const found = (await client.get(ref('deployments', 'd'))) as Deployment;
    expect(found.spec.replicas).toBe(4);
    expect(owners(found)).toContain('scaler Apply scale: .spec.replicas');
  });

  it('moves from client-side apply without conflicts with oneself', async () => {
    const before = configMap(
      { a: '1' },
      {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(configMap({ a: '1' })),
        },
      },
    );
    await client.create(ref('configmaps'), before as never, { fieldManager: 'kubectl-client-side-apply' });
    const applied = await applyMap({ a: '2' }, 'kubectl');
    expect(applied.data).toEqual({ a: '2' });
    expect(
      JSON.parse(applied.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '{}'),
    ).toMatchObject({ data: { a: '2' } });
  });

  it.each([
    ['has changed since', { data: { a: '1' } }],
    ['is of another version', { apiVersion: 'v2', data: { a: '9' } }],
    ['is no such object', { data: 'a' }],
  ])('minds conflicts with what client-side apply set where that %s', async (_when, change) => {
    const record = JSON.stringify({ ...configMap({}), ...change });
    const before = configMap(
      { a: '9' },
      { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': record } },
    );
    await client.create(ref('configmaps'), before as never, { fieldManager: 'other' });
    expect(await failure(applyMap({ a: '2' }, 'kubectl'))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "other" using v1: .data.a',
    });
  });

  it('writes nothing in a dry run', async () => {
    expect((await applyMap({ a: '1' }, 'me', { dryRun: ['All'] })).data).toEqual({ a: '1' });
    expect((await failure(client.get(ref('configmaps', 'c')))).code).toBe(404);
  });

  it.each([
    ['another name', { ...configMap({}), metadata: { name: 'other' } }, 400],
    ['managed fields', configMap({}, { managedFields: [{}] }), 400],
    ['another version', { ...configMap({}), apiVersion: 'v2' }, 400],
    ['another kind', { ...configMap({}), kind: 'Secret' }, 400],
    ['no kind', { metadata: { name: 'c' } }, 400],
    ['a uid that is not there', configMap({}, { uid: 'x' }), 409],
    ['an unknown field', { ...configMap({}), foo: 1 }, 500],
    ['a list', [], 400],
    ['nothing', null, 400],
  ])('refuses %s', async (_what, body, code) => {
    expect((await failure(apply(ref('configmaps', 'c'), body as object, 'me'))).code).toBe(code);
  });

  it('checks the version that the configuration names', async () => {
    await applyMap({ a: '1' }, 'me');
    expect(
      await failure(apply(ref('configmaps', 'c'), configMap({ a: '2' }, { resourceVersion: '1' }), 'me')),
    ).toMatchObject({ code: 409, reason: 'Conflict' });
  });
});
