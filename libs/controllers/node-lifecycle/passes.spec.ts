import { afterEach, describe, expect, it } from 'vitest';
import { formatTime } from '@drydock/base/apimachinery';
import { Node, Pod } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createNodeLifecycleController } from './index.ts';

// The facts of kube-controller-manager's own tables about whole passes over nodes.

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const nodes = () => cluster.client.resource(Node);
const second = 1000;
const zone = (name: string) => ({
  'topology.kubernetes.io/region': 'region1',
  'topology.kubernetes.io/zone': name,
});
const excluded = { 'node.kubernetes.io/exclude-disruption': '' };

async function make(name: string, ready: string | undefined, labels: Record<string, string> = {}) {
  const lastHeartbeatTime = formatTime(cluster.clock.now());
  const conditions = [
    { type: 'Ready', status: ready, lastHeartbeatTime, lastTransitionTime: lastHeartbeatTime },
  ];
  await nodes().create({
    metadata: { name, labels },
    ...(ready === undefined ? {} : { status: { conditions } }),
  } as Node);
}
/** What a kubelet says of its node. */
async function says(name: string, status: string) {
  const conditions = [{ type: 'Ready', status, lastHeartbeatTime: formatTime(cluster.clock.now()) }];
  await nodes().patch(
    name,
    { type: 'strategic', body: { status: { conditions } } },
    { subresource: 'status' },
  );
}
async function podOn(nodeName: string) {
  const pods = cluster.client.resource(Pod).namespace('default');
  await pods.create({
    metadata: { name: 'pod0', namespace: 'default' },
    spec: { nodeName, containers: [{ name: 'c', image: 'nginx' }] },
  });
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(cluster.clock.now()) }];
  await pods.patch('pod0', { type: 'merge', body: { status: { conditions } } }, { subresource: 'status' });
}
const podReady = async () =>
  (await cluster.client.resource(Pod).namespace('default').get('pod0')).status?.conditions?.find(
    ({ type }) => type === 'Ready',
  )?.status;
const start = (rate = 10) =>
  cluster.run((deps) =>
    createNodeLifecycleController({ nodeMonitorGraceMs: 40 * second, nodeEvictionRate: rate }, deps),
  );
/** Time passes, and the nodes named go on saying how they are. */
async function pass(seconds: number, alive: Record<string, string> = {}) {
  for (let at = 0; at < seconds; at += 10) {
    for (const [name, status] of Object.entries(alive)) await says(name, status);
    await cluster.clock.advance(Math.min(10, seconds - at) * second);
  }
  await cluster.settle();
}
const evicting = async (name: string) =>
  ((await nodes().get(name)).spec?.taints ?? [])
    .filter(({ effect }) => effect === 'NoExecute')
    .map(({ key }) => key.replace('node.kubernetes.io/', ''));

describe('the Pods of a node', () => {
  it.each<[string, ready: string | undefined, () => Promise<void>, string]>([
    ['that is new and silent are left alone', undefined, () => pass(20), 'True'],
    ['that speaks are left alone', 'True', () => pass(60, { node0: 'True' }), 'True'],
    ['that fell silent are not ready', 'True', () => pass(60), 'False'],
    [
      'that says itself that it is not ready are left alone',
      'True',
      () => pass(60, { node0: 'False' }),
      'True',
    ],
  ])('%s', async (_title, ready, then, expected) => {
    cluster = await startCluster();
    await make('node1', 'True');
    await make('node0', ready);
    await podOn('node0');
    start();
    await cluster.settle();
    await then();
    expect(await podReady()).toBe(expected);
    const told = await cluster.events('pod0');
    expect(told).toEqual(expected === 'False' ? ['Warning NodeNotReady Node is not ready'] : []);
  });

  it('that was not ready when the loop began are not ready', async () => {
    cluster = await startCluster();
    await make('node1', 'True');
    await make('node0', 'False');
    await podOn('node0');
    start();
    await cluster.settle();
    expect(await podReady()).toBe('False');
  });

  it('that fell silent are tried again where they could not be written', async () => {
    let tries = 0;
    cluster = await startCluster({
      transport: (real) => ({
        ...real,
        patch: (ref, patch, options) =>
          ref.resource === 'pods' &&
          ref.subresource === 'status' &&
          patch.type === 'strategic' &&
          ++tries === 1
            ? Promise.reject(new Error('fake error'))
            : real.patch(ref, patch, options),
      }),
    });
    await make('node1', 'True');
    await make('node0', 'True');
    await podOn('node0');
    start();
    await pass(60, { node1: 'True' });
    expect(await podReady()).toBe('False');
    expect(tries).toBe(2);
  });
});

describe('the taint of a node', () => {
  it('says whether it is silent or not ready, and goes when it is ready', async () => {
    cluster = await startCluster();
    await make('node0', 'Unknown', zone('zone1'));
    await make('node1', 'True', zone('zone1'));
    await make('node2', 'False', zone('zone1'));
    start();
    await pass(10, { node1: 'True', node2: 'False' });
    expect(await evicting('node0')).toEqual(['unreachable']);
    expect(await evicting('node1')).toEqual([]);
    expect(await evicting('node2')).toEqual(['not-ready']);
    await pass(10, { node1: 'True', node2: 'True' });
    expect(await evicting('node2')).toEqual([]);
    expect((await nodes().get('node2')).spec?.taints).toBeUndefined();
  });

  it('is swapped when a silent node says that it is not ready', async () => {
    cluster = await startCluster();
    await make('node0', 'Unknown', zone('zone1'));
    await make('node1', 'True', zone('zone1'));
    start();
    await pass(10, { node1: 'True' });
    expect(await evicting('node0')).toEqual(['unreachable']);
    await pass(10, { node0: 'False', node1: 'True' });
    expect(await evicting('node0')).toEqual(['not-ready']);
  });
});

describe('a disruption', () => {
  type Given = readonly [name: string, ready: string, labels: Record<string, string>];
  const [one, two] = [zone('zone1'), zone('zone2')];
  it.each<[string, Given[], alive: Record<string, string>, boolean]>([
    [
      'of the only zone evicts nobody',
      [
        ['node0', 'Unknown', one],
        ['node1', 'Unknown', one],
      ],
      {},
      false,
    ],
    [
      'of both zones evicts nobody',
      [
        ['node0', 'Unknown', one],
        ['node1', 'Unknown', two],
      ],
      {},
      false,
    ],
    [
      'of one zone evicts',
      [
        ['node0', 'Unknown', one],
        ['node1', 'True', two],
      ],
      { node1: 'True' },
      true,
    ],
    [
      'of all but who does not count evicts nobody',
      [
        ['node0', 'Unknown', one],
        ['node-master', 'True', { ...one, ...excluded }],
      ],
      { 'node-master': 'True' },
      false,
    ],
  ])('%s', async (_title, given, alive, evicts) => {
    cluster = await startCluster();
    for (const [name, ready, labels] of given) await make(name, ready, labels);
    start();
    await pass(60, alive);
    expect(await evicting('node0')).toEqual(evicts ? ['unreachable'] : []);
    const evictions = Object.entries(cluster.counted).filter(([key]) => key.includes('evictions'));
    expect(evictions).toEqual(evicts ? [['node_collector_evictions_total{region1:\u0000:zone1}', 1]] : []);
  });

  it('is told by zone', async () => {
    cluster = await startCluster();
    for (const name of ['a', 'b', 'c', 'd']) await make(name, name === 'a' ? 'Unknown' : 'True', one);
    await make('e', 'True', two);
    start();
    await cluster.clock.advance(second);
    const [large, small] = ['region1:\u0000:zone1', 'region1:\u0000:zone2'];
    const lossy = {
      [`node_collector_zone_size{${large}}`]: 4,
      [`node_collector_zone_health{${large}}`]: 75,
      [`node_collector_unhealthy_nodes_in_zone{${large}}`]: 1,
    };
    expect(cluster.measured()).toEqual({
      ...lossy,
      [`node_collector_zone_size{${small}}`]: 1,
      [`node_collector_zone_health{${small}}`]: 100,
    });
    await nodes().delete('e');
    await cluster.clock.advance(second);
    expect(cluster.measured()).toEqual({ ...lossy, [`node_collector_zone_health{${small}}`]: 100 });
  });

  it('of both zones evicts when one comes back, after a new time of grace', async () => {
    cluster = await startCluster();
    await make('node0', 'Unknown', one);
    await make('node1', 'Unknown', two);
    start();
    await pass(60);
    expect(await evicting('node0')).toEqual([]);
    await pass(60, { node1: 'True' });
    expect(await evicting('node0')).toEqual(['unreachable']);
    expect(await evicting('node1')).toEqual([]);
  });

  it('of a part of a small zone stops evictions, and of a large one slows them', async () => {
    cluster = await startCluster();
    for (let at = 0; at < 5; at++) await make(`node${at}`, at < 3 ? 'Unknown' : 'True', one);
    cluster.run((deps) =>
      createNodeLifecycleController({ nodeMonitorGraceMs: 40 * second, largeClusterSizeThreshold: 20 }, deps),
    );
    const lost = async () => {
      const all = await Promise.all([0, 1, 2].map((at) => evicting(`node${at}`)));
      return all.filter((taints) => taints.length > 0).length;
    };
    await pass(60, { node3: 'True', node4: 'True' });
    const before = await lost();
    await pass(600, { node3: 'True', node4: 'True' });
    expect(await lost()).toBe(before);
    expect(before).toBeLessThan(3);
    await pass(60, { node2: 'True', node3: 'True', node4: 'True' });
    expect(await lost()).toBe(2);
  });
});
