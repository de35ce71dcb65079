import { afterEach, describe, expect, it } from 'vitest';
import { Node, Pod, type NodeSpec } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createPodGarbageCollector, endedBeyond, fateOf } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const pods = () => cluster.client.resource(Pod).namespace('default');
const make = async (name: string, nodeName?: string, phase = 'Running') => {
  await pods().create({
    metadata: { name, namespace: 'default', finalizers: [] },
    spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: 'c', image: 'i' }] },
  });
  await pods().patch(name, { type: 'merge', body: { status: { phase } } }, { subresource: 'status' });
};
const names = async () => (await cluster.list(Pod, 'default')).map(({ metadata }) => metadata.name).sort();

describe('pod-garbage-collector-controller', () => {
  it('fails and deletes the Pods of a node that is gone, 40 s later, though killed at any point', async () => {
    cluster = await startCluster();
    for (const name of ['a', 'b']) await cluster.client.resource(Node).create({ metadata: { name } });
    for (const name of ['p', 'q']) await make(name, 'a');
    await make('r', 'b');
    await pods().patch('p', { type: 'merge', body: { metadata: { finalizers: ['x.io/held'] } } });
    const loop = runKilled(cluster, (deps) => createPodGarbageCollector({}, deps), { seed: 5, limit: 6 });
    await cluster.settle();
    await cluster.client.resource(Node).delete('a');
    await cluster.clock.advance(39_000);
    expect(await names()).toEqual(['p', 'q', 'r']);
    await cluster.until(
      async () => (await pods().get('p')).metadata.deletionTimestamp !== undefined,
      400_000,
    );
    await cluster.until(async () => !(await names()).includes('q'), 400_000);
    const held = await pods().get('p');
    expect(held.status?.phase).toBe('Failed');
    expect(held.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
    });
    expect(await names()).toEqual(['p', 'r']);
    await loop.stop();
  });

  it('keeps so many ended Pods, and deletes the oldest beyond', async () => {
    cluster = await startCluster();
    cluster.run((deps) => createPodGarbageCollector({ terminatedPodThreshold: 2 }, deps));
    await cluster.client.resource(Node).create({ metadata: { name: 'a' } });
    for (const name of ['one', 'two', 'three', 'four']) {
      await make(name, 'a', name === 'two' ? 'Running' : 'Succeeded');
      await cluster.clock.advance(1_000);
    }
    await make('five', 'a', 'Failed');
    await cluster.until(async () => (await names()).length === 3);
    expect(await names()).toEqual(['five', 'four', 'two']);
  });
});

describe('decisions', () => {
  const pod = (name: string, created: number, reason?: string) =>
    ({
      metadata: { name, creationTimestamp: new Date(created).toISOString() },
      status: { phase: 'Failed', ...(reason ? { reason } : {}) },
    }) as Pod;
  it('prefer evicted Pods', () => {
    const list = [pod('b', 1000), pod('a', 1000), pod('c', 9000, 'Evicted')];
    expect(endedBeyond(list, 1).map(({ metadata }) => metadata.name)).toEqual(['c', 'a']);
    expect(endedBeyond(list, 3)).toEqual([]);
  });

  const taint = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
  const node = (ready: string, spec: NodeSpec = {}) =>
    ({ metadata: { name: 'n' }, spec, status: { conditions: [{ type: 'Ready', status: ready }] } }) as Node;
  const on = (nodeName: string | undefined, deleting: boolean) =>
    ({
      metadata: { name: 'p', ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
      spec: { containers: [], ...(nodeName ? { nodeName } : {}) },
    }) as Pod;
  it.each<[string, Pod, Node | undefined, string]>([
    ['no node yet', on(undefined, false), undefined, 'stays'],
    ['deleted before it had one', on(undefined, true), undefined, 'unscheduled'],
    ['node gone', on('n', false), undefined, 'orphaned'],
    ['node well', on('n', true), node('True', { taints: [taint] }), 'stays'],
    ['node declared dead', on('n', true), node('Unknown', { taints: [taint] }), 'out-of-service'],
    ['node dead, Pod not deleted', on('n', false), node('Unknown', { taints: [taint] }), 'stays'],
    ['node silent', on('n', true), node('Unknown'), 'stays'],
  ])('%s', (_, pod_, node_, fate) => expect(fateOf(pod_, node_)).toBe(fate));
});
