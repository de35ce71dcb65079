import { afterEach, describe, expect, it } from 'vitest';
import { Deployment, ReplicaSet } from '@drydock/api/apps/v1';
import { Job } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import { PodDisruptionBudget, type PodDisruptionBudgetSpec } from '@drydock/api/policy/v1';
import { formatTime, ownerReferenceTo, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createDisruptionController, expectation } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const labels = { app: 'web' };
const loop = (deps: TestCluster['deps']) => createDisruptionController({ resources: () => [Job] }, deps);
const budgets = () => cluster.client.resource(PodDisruptionBudget).namespace('default');
const pods = () => cluster.client.resource(Pod).namespace('default');
const budget = (spec: Partial<PodDisruptionBudgetSpec>) =>
  budgets().create({
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, ...spec },
  });
async function pod(name: string, owner?: [KubeObject, ResourceType], ready = true) {
  const ownerReferences =
    owner === undefined ? [] : [ownerReferenceTo(...owner, { controller: true, blockOwnerDeletion: true })];
  await pods().create({
    metadata: { name, namespace: 'default', labels, ownerReferences },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  await setReady(name, ready);
}
const setReady = (name: string, ready: boolean) =>
  pods().patch(
    name,
    {
      type: 'strategic',
      body: {
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
      },
    },
    { subresource: 'status' },
  );
const replicaSet = (name: string, replicas: number, ownerReferences: never[] = []) =>
  cluster.client
    .resource(ReplicaSet)
    .namespace('default')
    .create({
      metadata: { name, namespace: 'default', ownerReferences },
      spec: { replicas, selector: { matchLabels: labels }, template: podTemplate(labels) },
    });
const counts = async () => {
  const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } =
    (await budgets().get('b')).status ?? {};
  return [currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed];
};
const condition = async () => (await budgets().get('b')).status?.conditions?.[0];

describe('disruption-controller', () => {
  it('counts bare Pods against a number', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await budget({ minAvailable: 1 });
    await cluster.until(async () => (await condition())?.reason === 'InsufficientPods');
    expect(String(await cluster.events('b'))).toContain('Normal NoPods No matching pods found');
    await pod('one');
    await pod('two');
    await pod('three', undefined, false);
    await cluster.until(async () => String(await counts()) === '2,1,3,1');
    expect(await condition()).toMatchObject({
      type: 'DisruptionAllowed',
      status: 'True',
      reason: 'SufficientPods',
      message: '',
      observedGeneration: 1,
    });
    await setReady('two', false);
    await cluster.until(async () => String(await counts()) === '1,1,3,0');
  });

  it('asks the Deployment above a ReplicaSet how many there should be', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    const deployment = await cluster.client
      .resource(Deployment)
      .namespace('default')
      .create({
        metadata: { name: 'd', namespace: 'default' },
        spec: { replicas: 5, selector: { matchLabels: labels }, template: podTemplate(labels) },
      });
    const set = await replicaSet('rs', 3, [
      ownerReferenceTo(deployment, Deployment, { controller: true }) as never,
    ]);
    await budget({ maxUnavailable: '30%' });
    for (const name of ['one', 'two', 'three', 'four']) await pod(name, [set, ReplicaSet]);
    await cluster.until(async () => String(await counts()) === '4,3,5,1');
  });

  it('fails safe where the controller cannot be asked', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    const job = await cluster.client
      .resource(Job)
      .namespace('default')
      .create({
        metadata: { name: 'j', namespace: 'default' },
        spec: {
          template: {
            ...podTemplate({}),
            spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
          },
        },
      } as Job);
    await budget({ maxUnavailable: 1 });
    await pod('one', [job, Job]);
    await cluster.until(async () => (await condition())?.reason === 'SyncFailed');
    expect(await condition()).toMatchObject({
      status: 'False',
      message: 'jobs.batch does not implement the scale subresource',
    });
  });

  describe('granted evictions', () => {
    /** An eviction of `one` of three that is granted, and never done. */
    async function grantAndForget(): Promise<void> {
      await budget({ minAvailable: 1 });
      for (const name of ['one', 'two', 'three']) await pod(name);
      await cluster.until(async () => String(await counts()) === '3,1,3,2');
      const now = formatTime(cluster.clock.now());
      await budgets().patch(
        'b',
        { type: 'merge', body: { status: { disruptedPods: { one: now } } } },
        { subresource: 'status' },
      );
      await cluster.until(async () => String(await counts()) === '2,1,3,1');
      await cluster.clock.advance(125_000);
      await cluster.until(async () => String(await counts()) === '3,1,3,2');
      expect((await budgets().get('b')).status?.disruptedPods).toBeUndefined();
    }

    it('are counted out, and in again with an event when they are not done in two minutes', async () => {
      cluster = await startCluster();
      cluster.run(loop);
      await grantAndForget();
      expect(await cluster.events('one')).toContain(
        "Warning NotDeleted Pod was expected by PDB default/b to be deleted but it wasn't",
      );
    });

    // An event that was not written yet dies with its process, as in Kubernetes.
    it('are counted so by a loop that is killed again and again', async () => {
      cluster = await startCluster();
      const killed = runKilled(cluster, loop, { seed: 9, limit: 10 });
      await grantAndForget();
      expect(killed.kills()).toBeGreaterThan(1);
      await killed.stop();
    });
  });

  it('calls off an announced disruption that does not come', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await pod('one');
    const conditions = [
      { type: 'DisruptionTarget', status: 'True', lastTransitionTime: formatTime(cluster.clock.now()) },
    ];
    await pods().patch(
      'one',
      { type: 'strategic', body: { status: { conditions } } },
      { subresource: 'status' },
    );
    const target = async () =>
      (await pods().get('one')).status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.status;
    await cluster.clock.advance(119_000);
    expect(await target()).toBe('True');
    await cluster.clock.advance(1_500);
    expect(await target()).toBe('False');
  });
});

describe('expectation', () => {
  it.each<[Partial<PodDisruptionBudgetSpec>, number, number, number, number]>([
    [{ minAvailable: 3 }, 5, 0, 5, 3],
    [{ minAvailable: '28%' }, 10, 10, 10, 3],
    [{ minAvailable: '100%' }, 4, 5, 5, 5],
    [{ maxUnavailable: 1 }, 4, 5, 5, 4],
    [{ maxUnavailable: '30%' }, 7, 7, 7, 4],
    [{ maxUnavailable: 10 }, 7, 7, 7, 0],
    [{}, 7, 7, 0, 0],
  ])('%j with %d Pods of %d', (spec, number, scale, expectedPods, desiredHealthy) =>
    expect(expectation({ metadata: {}, spec } as PodDisruptionBudget, number, scale)).toEqual({
      expectedPods,
      desiredHealthy,
    }),
  );
});
