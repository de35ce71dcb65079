import { afterEach, describe, expect, it } from 'vitest';
import { ConfigMap, Pod, ResourceQuota, Secret } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createResourceQuotaController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const loop = (deps: TestCluster['deps']) =>
  createResourceQuotaController({ resources: () => [Pod, ConfigMap, Secret] }, deps);
const quotas = () => cluster.client.resource(ResourceQuota).namespace('default');
const used = async () => (await quotas().get('q')).status?.used;
const shows = (expected: object) => async () =>
  JSON.stringify(await used(), Object.keys(expected).sort()) ===
  JSON.stringify(expected, Object.keys(expected).sort());
const quota = (hard: Record<string, string>) =>
  quotas().create({ metadata: { name: 'q', namespace: 'default' }, spec: { hard } });
const pods = () => cluster.client.resource(Pod).namespace('default');
const pod = (name: string, cpu: string) =>
  pods().create({
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
  });

describe('resourcequota-controller', () => {
  it('follows what there is, and what the quota asks about', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await pod('one', '500m');
    await quota({ pods: '10', 'requests.cpu': '4', 'count/secrets': '5', 'vendor.io/unknown': '1' });
    await cluster.until(shows({ pods: '1', 'requests.cpu': '500m', 'count/secrets': '0' }));
    expect((await quotas().get('q')).status?.hard).toEqual((await quotas().get('q')).spec?.hard);
    await pod('two', '1500m');
    await cluster.until(shows({ pods: '2', 'requests.cpu': '2', 'count/secrets': '0' }));
    await pods().patch(
      'one',
      { type: 'merge', body: { status: { phase: 'Succeeded' } } },
      { subresource: 'status' },
    );
    await cluster.until(shows({ pods: '1', 'requests.cpu': '1500m', 'count/secrets': '0' }));
    await pods().delete('two', { gracePeriodSeconds: 0 });
    await cluster.until(shows({ pods: '0', 'requests.cpu': '0', 'count/secrets': '0' }));
    await quotas().patch('q', { type: 'merge', body: { spec: { hard: { configmaps: '3', pods: null } } } });
    await cluster.client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'c', namespace: 'default' } });
    await cluster.until(shows({ configmaps: '1', 'requests.cpu': '0', 'count/secrets': '0' }));
    expect(await used()).not.toHaveProperty('pods');
    expect(cluster.errors).toEqual([]);
  });

  it('corrects what admission charged for objects that never came to be', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await quota({ pods: '10' });
    await cluster.until(shows({ pods: '0' }));
    await cluster.clock.advance(10_000);
    const charged = { type: 'merge' as const, body: { status: { used: { pods: '7' } } } };
    await quotas().patch('q', charged, { subresource: 'status' });
    await cluster.clock.advance(310_000);
    expect(await used()).toEqual({ pods: '0' });
  });

  it('leaves a charge of admission alone while its object is on its way', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await quota({ pods: '10' });
    await cluster.until(shows({ pods: '0' }));
    const charged = { type: 'merge' as const, body: { status: { used: { pods: '1' } } } };
    await quotas().patch('q', charged, { subresource: 'status' });
    await cluster.clock.advance(1_000);
    expect(await used()).toEqual({ pods: '1' });
    await pod('late', '1');
    await cluster.clock.advance(1_000);
    expect(await used()).toEqual({ pods: '1' });
  });

  it('brings back the limits that somebody else wrote into the status, at once', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await quota({ pods: '10' });
    await cluster.until(shows({ pods: '0' }));
    const other = { type: 'merge' as const, body: { status: { hard: { pods: '70' } } } };
    await quotas().patch('q', other, { subresource: 'status' });
    await cluster.until(async () => (await quotas().get('q')).status?.hard?.['pods'] === '10');
    expect(await used()).toEqual({ pods: '0' });
  });

  it('counts right though killed at any point', async () => {
    cluster = await startCluster();
    const killed = runKilled(cluster, loop, { seed: 21, limit: 12 });
    await quota({ pods: '10', 'requests.cpu': '4' });
    for (const name of ['a', 'b', 'c', 'd']) await pod(name, '250m');
    await cluster.until(shows({ pods: '4', 'requests.cpu': '1' }));
    await pods().delete('a', { gracePeriodSeconds: 0 });
    await cluster.until(shows({ pods: '3', 'requests.cpu': '750m' }));
    expect(killed.kills()).toBeGreaterThan(0);
    await killed.stop();
  });
});
