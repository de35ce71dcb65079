import { afterEach, describe, expect, it } from 'vitest';
import { ConfigMap, Namespace, Pod } from '@drydock/api/core/v1';
import { APIService } from '@drydock/api/apiregistration/v1';
import { isNotFound, methodNotAllowed } from '@drydock/base/apimachinery';
import { namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createNamespaceController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const loop = (deps: TestCluster['deps']) =>
  createNamespaceController({ resources: () => [ConfigMap, Pod] }, deps);
const namespaces = () => cluster.client.resource(Namespace);
const gone = async () => {
  try {
    await namespaces().get('doomed');
    return false;
  } catch (error) {
    return isNotFound(error);
  }
};
async function prepare() {
  cluster = await startCluster();
  await namespaces().create(namespaceNamed('doomed'));
  for (const name of ['a', 'b'])
    await cluster.client
      .resource(ConfigMap)
      .namespace('doomed')
      .create({ metadata: { name, namespace: 'doomed' } });
}
const condition = async (type: string) =>
  (await namespaces().get('doomed')).status?.conditions?.find((one) => one.type === type);

describe('namespace-controller', () => {
  it('deletes Pods first, says what is in the way, and lets the namespace go when it is empty', async () => {
    await prepare();
    cluster.run(loop);
    const pods = cluster.client.resource(Pod).namespace('doomed');
    await pods.create({
      metadata: { name: 'p', namespace: 'doomed', finalizers: ['example.com/held'] },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    await namespaces().delete('doomed');
    await cluster.until(async () => (await condition('NamespaceContentRemaining'))?.status === 'True');
    expect(await condition('NamespaceContentRemaining')).toMatchObject({
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    });
    expect(await condition('NamespaceFinalizersRemaining')).toMatchObject({
      reason: 'SomeFinalizersRemain',
      message:
        'Some content in the namespace has finalizers remaining: example.com/held in 1 resource instances',
    });
    expect((await cluster.list(ConfigMap, 'doomed')).length).toBe(2);
    await pods.patch('p', { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.until(gone);
    expect(cluster.errors).toEqual([]);
  });

  it('watches what is left, and asks nothing while nothing happens', async () => {
    await prepare();
    let asked = 0;
    cluster.run((deps) =>
      loop({
        ...deps,
        client: {
          ...deps.client,
          resource: (type) => {
            asked++;
            return deps.client.resource(type);
          },
        },
      }),
    );
    const pods = cluster.client.resource(Pod).namespace('doomed');
    for (const name of ['p', 'q'])
      await pods.create({
        metadata: { name, namespace: 'doomed', finalizers: ['example.com/held'] },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      });
    const remaining = async () => (await condition('NamespaceContentRemaining'))?.message;
    await namespaces().delete('doomed');
    await cluster.until(async () => (await remaining())?.includes('has 2 ') === true);
    const before = asked;
    await cluster.clock.advance(10_000);
    expect(asked).toBe(before);
    await pods.patch('p', { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.clock.advance(1_000);
    await cluster.until(async () => (await remaining())?.includes('has 1 ') === true);
    await pods.patch('q', { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.until(gone);
    expect(cluster.errors).toEqual([]);
  });

  it('waits for extension API servers that are away, and says so', async () => {
    await prepare();
    cluster.run(loop);
    const services = cluster.client.resource(APIService);
    const away = async (version: string) => {
      const made = await services.create({
        metadata: { name: `${version}.example.com` },
        spec: {
          group: 'example.com',
          version,
          groupPriorityMinimum: 100,
          versionPriority: 100,
          service: { namespace: 'default', name: 'ext' },
        },
      } as APIService);
      const condition = { type: 'Available', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' };
      await services.updateStatus({ ...made, status: { conditions: [condition] } });
    };
    for (const version of ['v2', 'v1']) await away(version);
    await namespaces().delete('doomed');
    const discovery = () => condition('NamespaceDeletionDiscoveryFailure');
    await cluster.until(async () => (await discovery())?.status === 'True');
    expect(await discovery()).toMatchObject({
      reason: 'DiscoveryFailed',
      message:
        'Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: example.com/v1: stale GroupVersion discovery: example.com/v1, example.com/v2: stale GroupVersion discovery: example.com/v2',
    });
    expect(await cluster.list(ConfigMap, 'doomed')).toEqual([]);
    await services.delete('v1.example.com');
    await cluster.until(async () => (await discovery())?.message?.includes(', 1 failing') === true);
    const back = await services.get('v2.example.com');
    const available = { type: 'Available', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
    await services.updateStatus({ ...back, status: { conditions: [available] } });
    await cluster.until(gone);
    expect(cluster.errors).toEqual([]);
  });

  it('deletes one by one where nothing else is served', async () => {
    cluster = await startCluster({
      transport: (real) => ({
        ...real,
        deleteCollection: () => Promise.reject(methodNotAllowed()),
      }),
    });
    await namespaces().create(namespaceNamed('doomed'));
    for (const name of ['a', 'b'])
      await cluster.client
        .resource(ConfigMap)
        .namespace('doomed')
        .create({ metadata: { name, namespace: 'doomed' } });
    cluster.run(loop);
    await namespaces().delete('doomed');
    await cluster.until(gone);
    expect(cluster.errors).toEqual([]);
  });

  it('ends right though killed at any point', async () => {
    await prepare();
    const killed = runKilled(cluster, loop, { seed: 81, limit: 12 });
    await namespaces().delete('doomed');
    await cluster.until(gone);
    expect(killed.kills()).toBeGreaterThan(0);
    await killed.stop();
  });
});
