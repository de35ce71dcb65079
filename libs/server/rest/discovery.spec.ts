import { decodeObject } from '@drydock/api/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { messageOf } from './protobuf.ts';
import { startRest, type RestServer } from './rest.spec-support.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const aggregated = (version: string, type = 'application/json'): string =>
  `${type};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

interface Resource {
  name: string;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  storageVersionHash?: string;
}
interface Aggregated {
  items: {
    metadata: { name?: string };
    versions: {
      version: string;
      resources: { resource: string; subresources?: { subresource: string }[] }[];
    }[];
  }[];
}

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());

async function resources(path: string): Promise<Map<string, Resource>> {
  const answer = await server.call('GET', path);
  const list = answer.json as unknown as { resources: Resource[] };
  return new Map(list.resources.map((one) => [one.name, one]));
}

describe('legacy discovery', () => {
  it('lists the groups as Kubernetes orders them, the preferred version first', async () => {
    const answer = await server.call('GET', '/apis');
    const { groups } = answer.json as unknown as {
      groups: { name: string; versions: { version: string }[] }[];
    };
    expect(groups.map(({ name }) => name).slice(0, 7)).toEqual([
      'apiregistration.k8s.io',
      'apps',
      'events.k8s.io',
      'authentication.k8s.io',
      'authorization.k8s.io',
      'autoscaling',
      'batch',
    ]);
    const autoscaling = groups.find(({ name }) => name === 'autoscaling');
    expect(autoscaling?.versions.map(({ version }) => version)).toEqual(['v2', 'v1']);
  });

  it('names the version that objects are stored in by its hash', async () => {
    const core = await resources('/api/v1');
    expect(core.get('pods')?.storageVersionHash).toBe('xPOwRZ+Yhw8=');
    expect(core.get('pods/status')?.storageVersionHash).toBeUndefined();
    expect(core.get('bindings')?.storageVersionHash).toBeUndefined();
    const events = await resources('/apis/events.k8s.io/v1');
    expect(events.get('events')?.storageVersionHash).toBe(core.get('events')?.storageVersionHash);
    const [v1, v2] = [await resources('/apis/autoscaling/v1'), await resources('/apis/autoscaling/v2')];
    expect(v1.get('horizontalpodautoscalers')?.storageVersionHash).toBe(
      v2.get('horizontalpodautoscalers')?.storageVersionHash,
    );
  });

  it('says of subresources what kind they are of', async () => {
    const apps = await resources('/apis/apps/v1');
    expect(apps.get('deployments/scale')).toMatchObject({
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
    });
    const core = await resources('/api/v1');
    expect(core.get('pods/eviction')).toMatchObject({ group: 'policy', version: 'v1', kind: 'Eviction' });
    expect([...core.keys()]).toEqual([...core.keys()].sort());
  });

  it('is written in YAML and protobuf too', async () => {
    const inYaml = await server.call('GET', '/apis/apps', { accept: 'application/yaml' });
    expect(parseYaml(inYaml.text)).toMatchObject({ kind: 'APIGroup', name: 'apps' });
    for (const [path, kind] of [
      ['/api', 'APIVersions'],
      ['/apis', 'APIGroupList'],
      ['/apis/apps', 'APIGroup'],
      ['/apis/apps/v1', 'APIResourceList'],
    ] as const) {
      const inJson = await server.call('GET', path);
      const answer = await server.call('GET', path, { accept: protobuf });
      expect(answer.headers['content-type']).toBe(protobuf);
      expect(decodeObject(answer.bytes, messageOf)).toMatchObject({ ...inJson.json, kind });
    }
  });
});

describe('aggregated discovery', () => {
  it.each(['v2', 'v2beta1'])('%s names its form and can be kept', async (version) => {
    const answer = await server.call('GET', '/apis', {
      accept: `${aggregated(version)},application/json`,
    });
    expect(answer.headers).toMatchObject({
      'content-type': aggregated(version),
      vary: 'Accept',
      'cache-control': 'public',
    });
    expect(answer.json).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
    });
    const etag = String(answer.headers['etag']);
    expect(etag).toMatch(/^"[0-9A-F]+"$/);
    const again = await server.call('GET', '/apis', {
      accept: aggregated(version),
      headers: { 'if-none-match': etag },
    });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
  });

  it('prefers the aggregated form wherever it stands, and takes the first version named', async () => {
    const accept = `application/json, ${aggregated('v2beta1')}, ${aggregated('v2')}`;
    const answer = await server.call('GET', '/api', { accept });
    expect(answer.headers['content-type']).toBe(aggregated('v2beta1'));
  });

  it('falls back to the older form for what it does not know', async () => {
    const answer = await server.call('GET', '/apis', { accept: `${aggregated('v3')},application/json` });
    expect(answer.json.kind).toBe('APIGroupList');
  });

  it('holds what legacy discovery holds', async () => {
    const answer = await server.call('GET', '/api', { accept: aggregated('v2') });
    const { items } = answer.json as unknown as Aggregated;
    expect(items.map(({ metadata }) => metadata)).toEqual([{}]);
    const names = items[0]?.versions[0]?.resources.flatMap(({ resource, subresources = [] }) => [
      resource,
      ...subresources.map(({ subresource }) => `${resource}/${subresource}`),
    ]);
    expect(names).toEqual([...(await resources('/api/v1')).keys()]);
  });

  it('is written in protobuf too', async () => {
    const answer = await server.call('GET', '/apis', { accept: aggregated('v2', protobuf) });
    expect(answer.headers['content-type']).toBe(aggregated('v2', protobuf));
    const inJson = await server.call('GET', '/apis', { accept: aggregated('v2') });
    expect(decodeObject(answer.bytes, messageOf)).toEqual(inJson.json);
  });
});

describe('when definitions come and go', () => {
  const name = 'things.example.com';
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: ['v1', 'v1beta1', 'first'].map((version) => ({
        name: version,
        served: true,
        storage: version === 'v1',
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    },
  };

  it('discovery and OpenAPI follow', async () => {
    const before = await server.call('GET', '/apis', { accept: aggregated('v2') });
    const index = await server.call('GET', '/openapi/v3');
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await server.call('POST', path, { body: definition })).status).toBe(201);
    await expect.poll(async () => (await server.call('GET', '/apis/example.com')).status).toBe(200);
    const group = await server.call('GET', '/apis/example.com');
    expect(group.json).toMatchObject({
      preferredVersion: { groupVersion: 'example.com/v1', version: 'v1' },
      versions: [{ version: 'v1' }, { version: 'v1beta1' }, { version: 'first' }],
    });
    const things = (await resources('/apis/example.com/v1')).get('things');
    expect(things?.verbs).toEqual([
      'delete',
      'deletecollection',
      'get',
      'list',
      'patch',
      'create',
      'update',
      'watch',
    ]);
    expect(things?.storageVersionHash).toMatch(/^[\w+/]{11}=$/);
    const older = (await resources('/apis/example.com/v1beta1')).get('things');
    expect(older?.storageVersionHash).toBeUndefined();
    const after = await server.call('GET', '/apis', { accept: aggregated('v2') });
    expect(after.headers['etag']).not.toBe(before.headers['etag']);
    expect((after.json as unknown as Aggregated).items.at(-1)?.metadata.name).toBe('example.com');
    const nextIndex = await server.call('GET', '/openapi/v3');
    expect(nextIndex.headers['etag']).not.toBe(index.headers['etag']);
    expect(nextIndex.text).toContain('apis/example.com/v1?hash=');

    const refused = await server.call('GET', '/apis/example.com/v1/things', { accept: protobuf });
    expect(refused.status).toBe(406);
    const inJson = await server.call('GET', '/apis/example.com/v1/things', {
      accept: `${protobuf},application/json`,
    });
    expect(inJson.json.kind).toBe('ThingList');
    const strategic = await server.call('PATCH', '/apis/example.com/v1/namespaces/default/things/a', {
      type: 'application/strategic-merge-patch+json',
      body: {},
    });
    expect(strategic.json.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
    await server.call('DELETE', `${path}/${name}`);
    await expect.poll(async () => (await server.call('GET', '/apis/example.com')).status).toBe(404);
  });
});
