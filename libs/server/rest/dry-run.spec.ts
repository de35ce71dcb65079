import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallOptions, RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const core = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const merge = 'application/merge-patch+json';

let server: RestServer;
beforeEach(async () => {
  server = await startRest();
  const create = (path: string, body: object) => server.call('POST', path, { body });
  await create(`${core}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
  await create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  await create(`${core}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { app: 'p' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  await create(`${apps}/deployments`, deployment('d'));
  await create(`${core}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'held', finalizers: ['example.org/hold'] },
  });
});
afterEach(() => server.stop());

function deployment(name: string) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
}

/** The cluster's revision: any write moves it. */
const revision = async () => (await server.call('GET', '/api/v1/nodes')).json.metadata.resourceVersion;

const binding = {
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name: 'p' },
  target: { kind: 'Node', name: 'n' },
};
const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p', namespace: 'default' } };
const scale = {
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'd', namespace: 'default' },
  spec: { replicas: 7 },
};
const options = { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] };

const requests: readonly (readonly [string, string, string, CallOptions, number, object])[] = [
  [
    'create',
    'POST',
    `${apps}/deployments?dryRun=All`,
    { body: deployment('new') },
    201,
    { metadata: { name: 'new', uid: expect.any(String) as string } },
  ],
  [
    'create with a generated name',
    'POST',
    `${core}/configmaps?dryRun=All`,
    { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'g-' } } },
    201,
    { metadata: { generateName: 'g-' } },
  ],
  [
    'create of a Service',
    'POST',
    `${core}/services?dryRun=All`,
    { body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } } },
    201,
    { kind: 'Service' },
  ],
  [
    'create of what is there',
    'POST',
    `${apps}/deployments?dryRun=All`,
    { body: deployment('d') },
    409,
    { reason: 'AlreadyExists' },
  ],
  [
    'update',
    'PUT',
    `${apps}/deployments/d?dryRun=All`,
    { body: { ...deployment('d'), spec: { ...deployment('d').spec, replicas: 3 } } },
    200,
    { spec: { replicas: 3 }, metadata: { generation: 2 } },
  ],
  [
    'patch',
    'PATCH',
    `${apps}/deployments/d?dryRun=All`,
    { body: { spec: { replicas: 4 } }, type: merge },
    200,
    { spec: { replicas: 4 } },
  ],
  [
    'status',
    'PATCH',
    `${apps}/deployments/d/status?dryRun=All`,
    { body: { status: { replicas: 4 } }, type: merge },
    200,
    { status: { replicas: 4 } },
  ],
  [
    'scale by PUT',
    'PUT',
    `${apps}/deployments/d/scale?dryRun=All`,
    { body: scale },
    200,
    { kind: 'Scale', spec: { replicas: 7 } },
  ],
  [
    'scale by PATCH',
    'PATCH',
    `${apps}/deployments/d/scale?dryRun=All`,
    { body: { spec: { replicas: 8 } }, type: merge },
    200,
    { kind: 'Scale', spec: { replicas: 8 } },
  ],
  ['binding', 'POST', `${core}/pods/p/binding?dryRun=All`, { body: binding }, 201, { status: 'Success' }],
  ['eviction', 'POST', `${core}/pods/p/eviction?dryRun=All`, { body: eviction }, 201, { status: 'Success' }],
  [
    'eviction, by its own options',
    'POST',
    `${core}/pods/p/eviction`,
    { body: { ...eviction, deleteOptions: { dryRun: ['All'] } } },
    201,
    { status: 'Success' },
  ],
  ['delete', 'DELETE', `${apps}/deployments/d?dryRun=All`, {}, 200, { status: 'Success' }],
  [
    'delete, by its options',
    'DELETE',
    `${apps}/deployments/d`,
    { body: options },
    200,
    { status: 'Success' },
  ],
  ['delete of a Pod', 'DELETE', `${core}/pods/p?dryRun=All`, {}, 200, { kind: 'Pod' }],
  [
    'delete of what finalizers hold',
    'DELETE',
    `${core}/configmaps/held?dryRun=All`,
    {},
    200,
    { metadata: { deletionTimestamp: expect.any(String) as string } },
  ],
  [
    'delete of a Namespace',
    'DELETE',
    '/api/v1/namespaces/default?dryRun=All',
    {},
    403,
    { reason: 'Forbidden' },
  ],
  ['deletecollection', 'DELETE', `${core}/configmaps`, { body: options }, 200, { kind: 'ConfigMapList' }],
];

describe('a dry run', () => {
  it.each(requests)(
    'of %s answers as if, and writes nothing',
    async (_name, method, path, call, status, shown) => {
      const before = await revision();
      const answer = await server.call(method, path, call);
      expect(answer.status, answer.text).toBe(status);
      expect(answer.json).toMatchObject(shown);
      expect(await revision()).toBe(before);
    },
  );

  it('of the wrong thing fails as the real one does', async () => {
    const body = { ...deployment('bad'), spec: { ...deployment('bad').spec, replicas: -1 } };
    expect((await server.call('POST', `${apps}/deployments?dryRun=All`, { body })).json).toMatchObject({
      code: 422,
    });
  });

  it('takes no address away from the next Service', async () => {
    const service = (name: string, query: string) =>
      server.call('POST', `${core}/services${query}`, {
        body: {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name },
          spec: { clusterIP: '10.96.0.77', ports: [{ port: 80 }] },
        },
      });
    expect((await service('s', '?dryRun=All')).status).toBe(201);
    expect((await service('s', '')).status).toBe(201);
  });
});
