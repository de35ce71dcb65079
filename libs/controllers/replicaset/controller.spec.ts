import { afterEach, describe, expect, it } from 'vitest';
import { tooManyRequests } from '@drydock/base/apimachinery';
import { ReplicaSet } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createReplicaSetController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

function replicaSet(replicas: number, more: object = {}): ReplicaSet {
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: podTemplate({ app: 'web' }),
      ...more,
    },
  } as ReplicaSet;
}

const get = () => cluster.client.resource(ReplicaSet).namespace('default').get('web');
const pods = () => cluster.list(Pod, 'default');
const scale = (replicas: number) =>
  cluster.client
    .resource(ReplicaSet)
    .namespace('default')
    .patch('web', { type: 'merge', body: { spec: { replicas } } });

describe('replicaset-controller', () => {
  it('makes the Pods, tells of them and reports their state', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createReplicaSetController);
    await cluster.client.resource(ReplicaSet).create(replicaSet(3));
    await cluster.until(async () => (await get()).status?.availableReplicas === 3);
    expect((await get()).status).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      terminatingReplicas: 0,
      observedGeneration: 1,
    });
    const made = await pods();
    expect(made).toHaveLength(3);
    for (const pod of made) {
      expect(pod.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
      expect(pod.metadata.ownerReferences).toEqual([
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web',
          uid: (await get()).metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    }
    expect((await cluster.events('web')).sort()).toEqual(
      made.map((pod) => `Normal SuccessfulCreate Created pod: ${pod.metadata.name}`).sort(),
    );
    expect(cluster.errors).toEqual([]);
  });

  it('scales down by deleting the Pods that are not ready first', async () => {
    cluster = await startCluster();
    let sick = '';
    cluster.kubelet({ ready: (pod) => (sick ||= pod.metadata.name ?? '') !== pod.metadata.name });
    cluster.run(createReplicaSetController);
    await cluster.client.resource(ReplicaSet).create(replicaSet(4));
    await cluster.until(async () => (await get()).status?.readyReplicas === 3);
    await scale(3);
    await cluster.until(async () => (await get()).status?.replicas === 3);
    await cluster.settle();
    expect((await pods()).map((pod) => pod.metadata.name)).not.toContain(sick);
    expect(await cluster.events('web')).toContain(`Normal SuccessfulDelete Deleted pod: ${sick}`);
    expect((await get()).status).toMatchObject({ observedGeneration: 2, readyReplicas: 3 });
  });

  it('replaces a Pod that was deleted', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createReplicaSetController);
    await cluster.client.resource(ReplicaSet).create(replicaSet(2));
    await cluster.until(async () => (await get()).status?.availableReplicas === 2);
    const [first] = await pods();
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .delete(first?.metadata.name ?? '');
    await cluster.until(async () => {
      const now = await pods();
      return (
        now.length === 2 && now.every((pod) => pod.metadata.uid !== first?.metadata.uid && pod.status?.podIP)
      );
    });
  });

  it('adopts orphans that match and releases Pods whose labels no longer do', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    const orphan = {
      metadata: { name: 'orphan', namespace: 'default', labels: { app: 'web' } },
      spec: podTemplate({}).spec,
    };
    await cluster.client.resource(Pod).create(orphan as Pod);
    cluster.run(createReplicaSetController);
    const owner = await cluster.client.resource(ReplicaSet).create(replicaSet(2));
    await cluster.until(async () => (await get()).status?.availableReplicas === 2);
    const adopted = await cluster.client.resource(Pod).namespace('default').get('orphan');
    expect(adopted.metadata.ownerReferences?.[0]?.uid).toBe(owner.metadata.uid);
    expect(await pods()).toHaveLength(2);
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .patch('orphan', { type: 'merge', body: { metadata: { labels: { app: 'debug' } } } });
    await cluster.until(async () => (await pods()).length === 3);
    const released = await cluster.client.resource(Pod).namespace('default').get('orphan');
    expect(released.metadata.ownerReferences ?? []).toEqual([]);
    expect((await get()).status?.replicas).toBe(2);
  });

  it('counts Pods as available after minReadySeconds, without an event to wake it', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createReplicaSetController);
    await cluster.client.resource(ReplicaSet).create(replicaSet(1, { minReadySeconds: 10 }));
    await cluster.until(async () => (await get()).status?.readyReplicas === 1);
    expect((await get()).status?.availableReplicas ?? 0).toBe(0);
    await cluster.clock.advance(11_000);
    await cluster.settle();
    expect((await get()).status?.availableReplicas).toBe(1);
  });

  it('reports refused creations in a condition and an event, tries few at first, and recovers', async () => {
    let refuse = true;
    let tried = 0;
    cluster = await startCluster({
      transport: (real) => ({
        ...real,
        create: (ref, object, options) => {
          if (ref.resource !== 'pods' || !refuse) return real.create(ref, object, options);
          tried++;
          return Promise.reject(tooManyRequests('no room for Pods', 1));
        },
      }),
    });
    cluster.run(createReplicaSetController);
    await cluster.client.resource(ReplicaSet).create(replicaSet(8));
    await cluster.settle();
    // Once for the creation and once for the status it wrote itself; one Pod each time.
    expect(tried).toBeLessThanOrEqual(2);
    await cluster.until(async () => (await get()).status?.conditions !== undefined);
    expect((await get()).status?.conditions).toEqual([
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'no room for Pods',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
    expect((await cluster.events('web'))[0]).toMatch(
      /^Warning FailedCreate Error creating: no room for Pods/,
    );
    refuse = false;
    await cluster.until(async () => (await pods()).length === 8);
    await cluster.until(async () => (await get()).status?.conditions === undefined);
  });

  it('neither makes too many Pods nor too few when it is killed and started again in the middle', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    await cluster.client.resource(ReplicaSet).create(replicaSet(20));
    for (let round = 0; round < 6; round++) {
      const stop = cluster.run(createReplicaSetController);
      for (let turn = 0; turn < 40 * round; turn++) await undefined;
      await stop();
    }
    cluster.run(createReplicaSetController);
    await cluster.until(async () => (await get()).status?.availableReplicas === 20);
    await cluster.settle();
    expect(await pods()).toHaveLength(20);
  });
});
