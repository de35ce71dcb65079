import { afterEach, describe, expect, it } from 'vitest';
import { tooManyRequests } from '@drydock/base/apimachinery';
import { Pod, ReplicationController } from '@drydock/api/core/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createReplicationControllerController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const resource = () => cluster.client.resource(ReplicationController).namespace('default');
const get = () => resource().get('web');
const pods = () => cluster.list(Pod, 'default');
const make = (replicas: number, more: object = {}) =>
  resource().create({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { app: 'web' },
      template: podTemplate({ app: 'web', tier: 'front' }),
      ...more,
    },
  });

describe('replicationcontroller-controller', () => {
  it('makes the Pods, tells of them in its own name, and reports their state', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createReplicationControllerController);
    const owner = await make(3);
    await cluster.until(async () => (await get()).status?.availableReplicas === 3);
    // Unlike a ReplicaSet it does not count Pods on their way out.
    expect((await get()).status).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
    });
    const made = await pods();
    for (const pod of made) {
      expect(pod.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
      expect(pod.metadata.ownerReferences).toEqual([
        {
          apiVersion: 'v1',
          kind: 'ReplicationController',
          name: 'web',
          uid: owner.metadata.uid,
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

  it('scales both ways, and takes one Pod where it does not say how many', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createReplicationControllerController);
    await resource().create({
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, template: podTemplate({ app: 'web' }) },
    });
    await cluster.until(async () => (await pods()).length === 1);
    for (const replicas of [4, 2, 0]) {
      await resource().patch('web', { type: 'merge', body: { spec: { replicas } } });
      await cluster.until(async () => (await pods()).length === replicas);
      await cluster.until(async () => (await get()).status?.replicas === replicas);
    }
  });

  it('adopts what its selector matches, lets go what it does not, and counts labels of the template', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    const orphan = {
      metadata: { name: 'orphan', namespace: 'default', labels: { app: 'web' } },
      spec: podTemplate({}).spec,
    };
    await cluster.client.resource(Pod).create(orphan as Pod);
    cluster.run(createReplicationControllerController);
    const owner = await make(2);
    await cluster.until(async () => (await get()).status?.replicas === 2);
    await cluster.settle();
    const adopted = () => cluster.client.resource(Pod).namespace('default').get('orphan');
    expect((await adopted()).metadata.ownerReferences?.[0]?.uid).toBe(owner.metadata.uid);
    expect((await get()).status?.fullyLabeledReplicas).toBe(1);
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .patch('orphan', { type: 'merge', body: { metadata: { labels: { app: 'debug' } } } });
    await cluster.until(async () => (await pods()).length === 3);
    expect((await adopted()).metadata.ownerReferences ?? []).toEqual([]);
  });

  it('tells of what it may not make, and goes on when it may', async () => {
    let refuse = true;
    cluster = await startCluster({
      transport: (real) => ({
        ...real,
        create: (ref, object, options) =>
          refuse && ref.resource === 'pods'
            ? Promise.reject(tooManyRequests('no room for Pods', 1))
            : real.create(ref, object, options),
      }),
    });
    cluster.run(createReplicationControllerController);
    await make(3);
    await cluster.until(async () => (await get()).status?.conditions !== undefined);
    expect((await get()).status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no room for Pods' },
    ]);
    expect((await cluster.events('web'))[0]).toMatch(
      /^Warning FailedCreate Error creating: no room for Pods/,
    );
    refuse = false;
    await cluster.until(async () => (await pods()).length === 3);
    await cluster.until(async () => (await get()).status?.conditions === undefined);
  });

  it('counts Pods as available after minReadySeconds', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createReplicationControllerController);
    await make(1, { minReadySeconds: 10 });
    await cluster.until(async () => (await get()).status?.readyReplicas === 1);
    expect((await get()).status?.availableReplicas ?? 0).toBe(0);
    await cluster.clock.advance(11_000);
    await cluster.settle();
    expect((await get()).status?.availableReplicas).toBe(1);
  });

  it('ends right though killed at any point', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    const loop = runKilled(cluster, createReplicationControllerController, { seed: 9 });
    await make(8);
    await cluster.until(async () => (await get()).status?.availableReplicas === 8, 200_000);
    await cluster.settle();
    expect(await pods()).toHaveLength(8);
    expect(loop.kills()).toBeGreaterThan(1);
    await loop.stop();
  });
});
