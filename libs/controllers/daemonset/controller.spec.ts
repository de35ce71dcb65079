import { afterEach, describe, expect, it } from 'vitest';
import { ControllerRevision, DaemonSet } from '@drydock/api/apps/v1';
import { Node, Pod, type Taint } from '@drydock/api/core/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createDaemonSetController, targetNodeOf } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const addNode = (name: string, taints: Taint[] = [], labels: Record<string, string> = {}) =>
  cluster.client.resource(Node).create({ metadata: { name, labels }, spec: { taints } } as Node);
const daemons = (more: object = {}): DaemonSet =>
  ({
    metadata: { name: 'log', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'log' } }, template: podTemplate({ app: 'log' }), ...more },
  }) as DaemonSet;
const resource = () => cluster.client.resource(DaemonSet).namespace('default');
const get = () => resource().get('log');
const targets = async () => (await cluster.list(Pod, 'default')).map(targetNodeOf).sort();
const setImage = (image: string) =>
  resource().patch('log', {
    type: 'strategic',
    body: { spec: { template: { spec: { containers: [{ name: 'web', image }] } } } },
  });

describe('daemonset-controller', () => {
  it('runs a Pod on each node that takes it, bound by affinity and with tolerations of its own', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    await addNode('a');
    await addNode('b');
    await addNode('tainted', [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }]);
    await addNode('sick', [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }]);
    cluster.run(createDaemonSetController);
    await resource().create(daemons());
    await cluster.until(async () => (await get()).status?.numberAvailable === 3);
    expect(await targets()).toEqual(['a', 'b', 'sick']);
    expect((await get()).status).toEqual({
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      numberAvailable: 3,
      updatedNumberScheduled: 3,
      observedGeneration: 1,
    });
    const [pod] = await cluster.list(Pod, 'default');
    expect(pod?.spec?.tolerations?.map(({ key }) => key?.replace('node.kubernetes.io/', ''))).toEqual(
      expect.arrayContaining([
        'not-ready',
        'unreachable',
        'disk-pressure',
        'memory-pressure',
        'pid-pressure',
        'unschedulable',
      ]),
    );
    const [revision] = await cluster.list(ControllerRevision, 'default');
    expect(revision?.revision).toBe(1);
    expect(pod?.metadata.labels?.['controller-revision-hash']).toBe(
      revision?.metadata.labels?.['controller-revision-hash'],
    );
    await addNode('c');
    await cluster.until(async () => (await targets()).includes('c'));
    await cluster.client.resource(Node).patch('a', {
      type: 'merge',
      body: { spec: { taints: [{ key: 'out', effect: 'NoExecute' }] } },
    });
    await cluster.until(async () => !(await targets()).includes('a'));
    expect(cluster.errors).toEqual([]);
  });

  it('rolls out one node after another, keeps history and reuses the revision on the way back', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    for (const node of ['a', 'b', 'c']) await addNode(node);
    cluster.run(createDaemonSetController);
    await resource().create(daemons({ revisionHistoryLimit: 1 }));
    await cluster.until(async () => (await get()).status?.numberAvailable === 3);
    for (const image of ['two', 'three', 'two']) {
      await setImage(image);
      await cluster.until(async () => {
        const { status, metadata } = await get();
        return (
          status?.observedGeneration === metadata.generation &&
          status?.updatedNumberScheduled === 3 &&
          status.numberAvailable === 3
        );
      });
    }
    await cluster.until(async () => (await cluster.list(ControllerRevision, 'default')).length === 2);
    const revisions = await cluster.list(ControllerRevision, 'default');
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([3, 4]);
    expect((await cluster.list(Pod, 'default')).map((pod) => pod.spec?.containers[0]?.image)).toEqual([
      'two',
      'two',
      'two',
    ]);
  });

  it('surges: the old Pod goes when the new one is available', async () => {
    cluster = await startCluster();
    cluster.kubelet({ ready: (pod) => pod.spec?.containers[0]?.image !== 'broken' });
    for (const node of ['a', 'b']) await addNode(node);
    cluster.run(createDaemonSetController);
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await resource().create(daemons({ updateStrategy }));
    await cluster.until(async () => (await get()).status?.numberAvailable === 2);
    await setImage('broken');
    await cluster.until(async () => (await targets()).length === 3);
    await cluster.settle();
    expect(await targets()).toHaveLength(3);
    await setImage('good');
    await cluster.until(async () => {
      const images = (await cluster.list(Pod, 'default')).map((pod) => pod.spec?.containers[0]?.image);
      return images.length === 2 && images.every((image) => image === 'good');
    });
  });

  it('leaves Pods alone with OnDelete, and replaces failed ones', async () => {
    cluster = await startCluster();
    const stop = cluster.kubelet();
    await addNode('a');
    cluster.run(createDaemonSetController);
    await resource().create(daemons({ updateStrategy: { type: 'OnDelete' } }));
    await cluster.until(async () => (await get()).status?.numberAvailable === 1);
    await setImage('two');
    await cluster.until(async () => (await get()).status?.observedGeneration === 2);
    await cluster.settle();
    const [before] = await cluster.list(Pod, 'default');
    expect(before?.spec?.containers[0]?.image).toBe('nginx');
    expect((await get()).status?.updatedNumberScheduled ?? 0).toBe(0);
    stop();
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .patch(
        before?.metadata.name ?? '',
        { type: 'merge', body: { status: { phase: 'Failed' } } },
        { subresource: 'status' },
      );
    await cluster.until(async () => {
      const [now] = await cluster.list(Pod, 'default');
      return now?.metadata.uid !== before?.metadata.uid && now?.spec?.containers[0]?.image === 'two';
    });
    expect((await cluster.events('log')).join('\n')).toContain(
      `Warning FailedDaemonPod Found failed daemon pod default/${before?.metadata.name} on node a, will try to kill it`,
    );
  });

  it('keeps one of several revisions of a template, and all its Pods, which bear its label then', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    await addNode('a');
    await addNode('b');
    cluster.run(createDaemonSetController);
    await resource().create(daemons());
    await cluster.until(async () => (await get()).status?.numberAvailable === 2);
    const pods = async () => (await cluster.list(Pod, 'default')).map(({ metadata }) => metadata);
    const uids = (await pods()).map(({ uid }) => uid);
    const [first] = await cluster.list(ControllerRevision, 'default');
    const { spec } = first!.data as { spec: { template: { metadata: object } } };
    // As Kubernetes wrote it before v1.34.
    const template = { ...spec.template, metadata: { ...spec.template.metadata, creationTimestamp: null } };
    const { labels, ownerReferences } = first?.metadata ?? {};
    await cluster.client.resource(ControllerRevision).create({
      metadata: {
        name: 'log-other',
        namespace: 'default',
        labels: { ...labels, 'controller-revision-hash': 'other' },
        ...(ownerReferences === undefined ? {} : { ownerReferences }),
      },
      data: { spec: { ...spec, template } },
      revision: 2,
    } as ControllerRevision);
    const hashes = async () => (await pods()).map((one) => one.labels?.['controller-revision-hash']).join();
    await cluster.until(async () => (await hashes()) === 'other,other');
    await cluster.until(async () => (await get()).status?.updatedNumberScheduled === 2);
    expect((await cluster.list(ControllerRevision)).map(({ metadata }) => metadata.name)).toEqual([
      'log-other',
    ]);
    expect((await pods()).map(({ uid }) => uid)).toEqual(uids);
    expect(cluster.errors).toEqual([]);
  });
});
