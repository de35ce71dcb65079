import { ApiError, type KubeObject } from '@drydock/base/apimachinery';
import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { WebhookCaller } from '@drydock/port/webhook';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonSchema } from '../structural-schema/index.ts';
import { serve, widgets, type Served } from './custom-resources.spec-support.ts';
import { compareVersions } from './versions.ts';

let server: Served | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

function versionWith(
  name: string,
  storage: boolean,
  spec: JsonSchema,
): CustomResourceDefinition['spec']['versions'][number] {
  return {
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
  } as never;
}

const size: JsonSchema = {
  type: 'object',
  properties: { size: { type: 'integer' }, old: { type: 'string' } },
};
const amount: JsonSchema = {
  type: 'object',
  properties: {
    amount: { type: 'integer' },
    size: { type: 'integer' },
    extra: { type: 'string', default: 'e' },
  },
};

function twoVersions(conversion: unknown): CustomResourceDefinition {
  const crd = widgets({ type: 'object' });
  crd.spec.versions = [versionWith('v1', true, size), versionWith('v2', false, amount)];
  crd.spec.conversion = conversion as never;
  return crd;
}

/** v1 has `size`, v2 `amount`. */
const renames: WebhookCaller = {
  call(_config, review) {
    const { request } = review as {
      request: { uid: string; desiredAPIVersion: string; objects: KubeObject[] };
    };
    const convertedObjects = request.objects.map((object) => {
      const {
        size: small,
        amount: large,
        ...spec
      } = (object as never as { spec: Record<string, unknown> }).spec;
      const value = small ?? large;
      const renamed = request.desiredAPIVersion.endsWith('v2') ? { amount: value } : { size: value };
      return { ...object, apiVersion: request.desiredAPIVersion, spec: { ...spec, ...renamed } };
    });
    const response = { uid: request.uid, result: { status: 'Success' }, convertedObjects };
    return Promise.resolve({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response });
  },
};
const webhook = {
  strategy: 'Webhook',
  webhook: { clientConfig: { url: 'https://example.com/convert' }, conversionReviewVersions: ['v1'] },
};

describe('several versions', () => {
  it('shows an object in each of them, pruned and defaulted by its schema', async () => {
    server = await serve();
    await server.define(twoVersions({ strategy: 'None' }));
    await server.create({ size: 3, old: 'x' });
    const shown = await server.registry.get(server.ref('v2', { name: 'a' }), {}, server.context);
    expect(shown.object).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 3, extra: 'e' } });
    const stored = await server.registry.get(server.ref('v1', { name: 'a' }), {}, server.context);
    expect(stored.object).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 3, old: 'x' } });
  });

  it('converts through a webhook: reads, lists, watches, writes', async () => {
    server = await serve({ webhooks: renames });
    await server.define(twoVersions(webhook));
    await server.create({ size: 3 });
    const ref = server.ref('v2');
    const shown = await server.registry.get({ ...ref, name: 'a' }, {}, server.context);
    expect(shown.object).toMatchObject({ apiVersion: 'example.com/v2', spec: { amount: 3, extra: 'e' } });
    const list = await server.registry.list(ref, {}, server.context);
    expect(list.items.map(({ object }) => (object as never as { spec: unknown }).spec)).toEqual([
      { amount: 3, extra: 'e' },
    ]);
    const { stored } = await server.registry.patch(
      { ...ref, name: 'a' },
      { type: 'merge', body: { spec: { amount: 4 } } },
      {},
      server.context,
    );
    expect(stored.object).toMatchObject({ apiVersion: 'example.com/v2', spec: { amount: 4 } });
    const old = await server.registry.get(server.ref('v1', { name: 'a' }), {}, server.context);
    expect(old.object).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 4 } });
    const abort = new AbortController();
    const watch = await server.registry.watch(ref, {}, { ...server.context, signal: abort.signal });
    const first = await watch.next();
    abort.abort();
    expect(first.done === true ? undefined : first.value[0]?.object).toMatchObject({ spec: { amount: 4 } });
  });

  it('answers 500 with what the webhook said', async () => {
    const failing: WebhookCaller = {
      call: (_config, review) =>
        Promise.resolve({
          kind: 'ConversionReview',
          apiVersion: 'apiextensions.k8s.io/v1',
          response: {
            uid: (review as { request: { uid: string } }).request.uid,
            result: { status: 'Failure', message: 'not today' },
          },
        }),
    };
    server = await serve({ webhooks: failing });
    await server.define(twoVersions(webhook));
    await server.create({ size: 3 });
    const asked = Promise.resolve(server.registry.get(server.ref('v2', { name: 'a' }), {}, server.context));
    const error = await asked.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).status).toMatchObject({
      code: 500,
      message:
        'Internal error occurred: conversion webhook for example.com/v1, Kind=Widget failed: not today',
    });
  });

  it('remembers which versions were stored, and refuses to forget one', async () => {
    server = await serve();
    await server.define(twoVersions({ strategy: 'None' }));
    const ref = { ...server.definitions, name: 'widgets.example.com' };
    const crd = structuredClone(
      (await server.registry.get(ref, {}, server.context)).object,
    ) as CustomResourceDefinition;
    crd.spec.versions.forEach((version) => (version.storage = version.name === 'v2'));
    const { stored } = await server.registry.update(ref, crd, {}, server.context);
    expect((stored.object as CustomResourceDefinition).status?.storedVersions).toEqual(['v1', 'v2']);
    const next = structuredClone(stored.object) as CustomResourceDefinition;
    next.spec.versions = next.spec.versions.filter(({ name }) => name === 'v2');
    await expect(server.registry.update(ref, next, {}, server.context)).rejects.toMatchObject({
      status: { code: 422, details: { causes: [{ field: 'status.storedVersions[0]' }] } },
    });
  });

  it('warns of deprecated versions', async () => {
    server = await serve();
    const crd = twoVersions({ strategy: 'None' });
    crd.spec.versions[0]!.deprecated = true;
    await server.define(crd);
    expect(server.registry.definition('example.com', 'v1', 'widgets')?.warning).toBe(
      'example.com/v1 Widget is deprecated; use example.com/v2 Widget',
    );
    expect(server.registry.definition('example.com', 'v2', 'widgets')?.warning).toBeUndefined();
  });
});

describe('the order of versions', () => {
  it('is Kubernetes’ own', () => {
    const versions = [
      'foo1',
      'v10beta3',
      'v2',
      'v1',
      'v11alpha2',
      'v3beta1',
      'v10',
      'v12alpha1',
      'v11beta2',
      'foo10',
    ];
    expect(versions.toSorted((a, b) => compareVersions(b, a))).toEqual([
      'v10',
      'v2',
      'v1',
      'v11beta2',
      'v10beta3',
      'v3beta1',
      'v12alpha1',
      'v11alpha2',
      'foo1',
      'foo10',
    ]);
  });
});

describe('fields to select by', () => {
  function selectable(conversion: unknown): CustomResourceDefinition {
    const crd = twoVersions(conversion);
    const [first, second] = crd.spec.versions;
    const fieldsOf = (jsonPath: string) => ({ selectableFields: [{ jsonPath }] });
    crd.spec.versions = [
      { ...first!, ...fieldsOf('.spec.size') },
      { ...second!, ...fieldsOf('.spec.amount') },
    ];
    return crd;
  }

  async function namesOf(one: Served, version: string, fieldSelector: string): Promise<string[]> {
    const list = await one.registry.list(one.ref(version), { fieldSelector }, one.context);
    return list.items.map(({ object }) => object.metadata.name ?? '');
  }

  it('are those of the version, as the version shows them', async () => {
    server = await serve({ webhooks: renames });
    await server.define(selectable(webhook));
    await server.create({ size: 1 });
    await server.create({ size: 2 }, { metadata: { name: 'b' } });
    expect(await namesOf(server, 'v1', 'spec.size=1')).toEqual(['a']);
    expect(await namesOf(server, 'v2', 'spec.amount=1')).toEqual(['a']);
    expect(await namesOf(server, 'v2', 'spec.amount!=1,metadata.name=b')).toEqual(['b']);
    for (const [version, field] of [
      ['v1', 'spec.amount'],
      ['v2', 'spec.size'],
    ] as const) {
      await expect(namesOf(server, version, `${field}=1`)).rejects.toMatchObject({
        status: { code: 400, message: `field label not supported: ${field}` },
      });
    }
  });

  it('let a watch see what comes to have the value, and what ceases to', async () => {
    server = await serve({ webhooks: renames });
    await server.define(selectable(webhook));
    await server.create({ size: 1 });
    const { registry, context, ref } = server;
    const watch = await registry.watch(ref('v2'), { fieldSelector: 'spec.amount=1' }, context);
    const seen: string[] = [];
    const see = async (count: number): Promise<string[]> => {
      while (seen.length < count) {
        const batch = await watch.next();
        if (batch.done === true) break;
        seen.push(...batch.value.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`));
      }
      return seen.splice(0);
    };
    const resize = (name: string, size: number) =>
      registry.patch(ref('v1', { name }), { type: 'merge', body: { spec: { size } } }, {}, context);
    expect(await see(1)).toEqual(['ADDED a']);
    await server.create({ size: 2 }, { metadata: { name: 'b' } });
    await resize('b', 3);
    await resize('b', 1);
    await registry.patch(
      ref('v1', { name: 'b' }),
      { type: 'merge', body: { metadata: { labels: { l: 'm' } } } },
      {},
      context,
    );
    await resize('a', 2);
    await registry.deleteCollection(ref('v2'), {}, { fieldSelector: 'spec.amount=1' }, context);
    expect(await see(4)).toEqual(['ADDED b', 'MODIFIED b', 'DELETED a', 'DELETED b']);
    watch.close();
    expect(await namesOf(server, 'v1', '')).toEqual(['a']);
  });
});
