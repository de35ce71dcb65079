import { afterEach, describe, expect, it } from 'vitest';
import { Lease } from '@drydock/api/coordination/v1';
import { Namespace, Node, Pod } from '@drydock/api/core/v1';
import { formatMicroTime, formatTime } from '@drydock/base/apimachinery';
import { namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createTaintEvictionController } from '../taint-eviction/index.ts';
import { createNodeLifecycleController } from './index.ts';

let cluster: TestCluster;
const beats = new Map<string, () => void>();
afterEach(async () => {
  for (const end of beats.values()) end();
  beats.clear();
  await cluster?.stop();
});

const lifecycle = (deps: Parameters<typeof createTaintEvictionController>[0]) =>
  createNodeLifecycleController({}, deps);

/** A node whose kubelet renews its lease every 10 s until it is stopped. */
async function startNode(name: string, labels: Record<string, string> = {}) {
  const now = formatTime(cluster.clock.now());
  const conditions = [
    { type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now },
    { type: 'MemoryPressure', status: 'False', lastHeartbeatTime: now, lastTransitionTime: now },
  ];
  await cluster.client.resource(Node).create({ metadata: { name, labels }, status: { conditions } });
  const leases = cluster.client.resource(Lease).namespace('kube-node-lease');
  const spec = () => ({ holderIdentity: name, renewTime: formatMicroTime(cluster.clock.now()) });
  await leases.create({ metadata: { name, namespace: 'kube-node-lease' }, spec: spec() });
  let timer = cluster.clock.setTimeout(beat, 10_000);
  function beat() {
    void leases.patch(name, { type: 'merge', body: { spec: spec() } });
    timer = cluster.clock.setTimeout(beat, 10_000);
  }
  beats.set(name, () => timer.cancel());
}
const stopNode = (name: string) => beats.get(name)?.();

async function podOn(nodeName: string, name: string, tolerationSeconds?: number) {
  const tolerations = ['not-ready', 'unreachable'].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect: 'NoExecute',
    ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
  }));
  const pods = cluster.client.resource(Pod).namespace('default');
  await pods.create({
    metadata: { name, namespace: 'default' },
    spec: { nodeName, tolerations, containers: [{ name: 'c', image: 'nginx' }] },
  });
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(cluster.clock.now()) }];
  await pods.patch(
    name,
    { type: 'merge', body: { status: { phase: 'Running', conditions } } },
    { subresource: 'status' },
  );
}
const node = (name: string) => cluster.client.resource(Node).get(name);
const ready = async (name: string) =>
  (await node(name)).status?.conditions?.find(({ type }) => type === 'Ready');
const taints = async (name: string) =>
  ((await node(name)).spec?.taints ?? []).map(({ key, effect }) => `${key.split('/')[1]}:${effect}`).sort();

async function start() {
  cluster = await startCluster();
  await cluster.client.resource(Namespace).create(namespaceNamed('kube-node-lease'));
}

describe('node-lifecycle-controller', () => {
  it('taints a lost node again that was tainted before it began', async () => {
    await start();
    const now = formatTime(cluster.clock.now());
    const key = 'node.kubernetes.io/unreachable';
    await cluster.client.resource(Node).create({
      metadata: { name: 'a' },
      spec: { taints: [{ key, effect: 'NoExecute', timeAdded: now }] },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: now, lastTransitionTime: now }],
      },
    });
    await startNode('b');
    cluster.run(lifecycle);
    await cluster.clock.advance(60_000);
    expect(await taints('a')).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
  });

  it('takes a silent node for lost, taints it, and takes it back when it speaks again', async () => {
    await start();
    cluster.run(lifecycle);
    await startNode('a');
    await startNode('b');
    await podOn('a', 'web', 300);
    await cluster.clock.advance(120_000);
    expect((await ready('a'))?.status).toBe('True');
    expect(await taints('a')).toEqual([]);
    stopNode('a');
    await cluster.until(async () => (await ready('a'))?.status === 'Unknown', 70_000);
    expect(await ready('a')).toMatchObject({
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    await cluster.until(async () => (await taints('a')).length === 2);
    expect(await taints('a')).toEqual(['unreachable:NoExecute', 'unreachable:NoSchedule']);
    const pod = await cluster.client.resource(Pod).namespace('default').get('web');
    expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    expect(await cluster.events('a')).toContain('Normal NodeNotReady Node a status is now: NodeNotReady');
    expect(await cluster.events('web')).toContain('Warning NodeNotReady Node is not ready');
    const conditions = [
      { type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(cluster.clock.now()) },
    ];
    await cluster.client
      .resource(Node)
      .patch('a', { type: 'strategic', body: { status: { conditions } } }, { subresource: 'status' });
    await cluster.until(async () => (await taints('a')).length === 0);
    expect(await taints('b')).toEqual([]);
    expect(cluster.errors).toEqual([]);
  });

  it('tells of nodes that never reported, after the startup grace period', async () => {
    await start();
    cluster.run(lifecycle);
    await startNode('alive');
    await cluster.client.resource(Node).create({ metadata: { name: 'mute' } });
    await cluster.clock.advance(55_000);
    expect(await ready('mute')).toBeUndefined();
    await cluster.until(async () => (await ready('mute'))?.status === 'Unknown', 10_000);
    expect((await ready('mute'))?.reason).toBe('NodeStatusNeverUpdated');
    await cluster.until(async () => (await taints('mute')).includes('unreachable:NoExecute'));
  });

  it('mirrors conditions and spec.unschedulable as NoSchedule taints, and leaves other taints alone', async () => {
    await start();
    cluster.run(lifecycle);
    await startNode('a');
    const nodes = cluster.client.resource(Node);
    await nodes.patch('a', {
      type: 'merge',
      body: { spec: { unschedulable: true, taints: [{ key: 'gpu', effect: 'NoSchedule' }] } },
    });
    await cluster.until(async () => (await taints('a')).length === 2);
    const pressure = { status: { conditions: [{ type: 'MemoryPressure', status: 'True' }] } };
    await nodes.patch('a', { type: 'strategic', body: pressure }, { subresource: 'status' });
    await cluster.until(async () => (await taints('a')).includes('memory-pressure:NoSchedule'));
    await nodes.patch('a', { type: 'merge', body: { spec: { unschedulable: null } } });
    await cluster.until(async () => !(await taints('a')).includes('unschedulable:NoSchedule'));
    expect((await node('a')).spec?.taints?.map(({ key }) => key)).toEqual([
      'gpu',
      'node.kubernetes.io/memory-pressure',
    ]);
  });

  it('taints one node in ten seconds, and nobody when every node falls silent at once', async () => {
    await start();
    cluster.run(lifecycle);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await startNode(name);
    const lost = async () => {
      const all = await cluster.list(Node);
      return all.filter(({ spec }) => spec?.taints?.some(({ effect }) => effect === 'NoExecute')).length;
    };
    await cluster.clock.advance(60_000);
    stopNode('a');
    stopNode('b');
    await cluster.until(async () => (await lost()) === 1, 70_000);
    await cluster.clock.advance(9_000);
    expect(await lost()).toBe(1);
    await cluster.clock.advance(1_500);
    expect(await lost()).toBe(2);
    for (const name of ['c', 'd', 'e', 'f', 'g']) stopNode(name);
    await cluster.clock.advance(70_000);
    expect(await ready('g')).toMatchObject({ status: 'Unknown' });
    await cluster.until(async () => (await lost()) === 0);
  });

  it('evicts what does not tolerate a lost node, each Pod when its time is over, though killed at any point', async () => {
    await start();
    const loops = [
      runKilled(cluster, lifecycle, { seed: 3 }),
      runKilled(cluster, createTaintEvictionController, { seed: 4 }),
    ];
    await startNode('a');
    await startNode('b');
    await podOn('a', 'soon', 20);
    await podOn('a', 'later', 600);
    await podOn('a', 'ever');
    await podOn('b', 'elsewhere', 0);
    await cluster.clock.advance(20_000);
    stopNode('a');
    const names = async () =>
      (await cluster.list(Pod, 'default'))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name);
    await cluster.until(async () => !(await names()).includes('soon'), 200_000);
    expect(await names()).toEqual(['elsewhere', 'ever', 'later']);
    const gone = await cluster.client.resource(Pod).namespace('default').get('soon');
    expect(gone.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    });
    await cluster.clock.advance(700_000);
    expect(await names()).toEqual(['elsewhere', 'ever']);
    expect(loops.every((loop) => loop.kills() > 1)).toBe(true);
    for (const loop of loops) await loop.stop();
  });
});
