import { afterEach, describe, expect, it } from 'vitest';
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '@drydock/api/apps/v1';
import { Job } from '@drydock/api/batch/v1';
import { Node, PersistentVolumeClaim, Pod, ReplicationController, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { createDaemonSetController } from '../daemonset/index.ts';
import { createDeploymentController } from '../deployment/index.ts';
import { createEndpointSliceController } from '../endpointslice/index.ts';
import { createJobController } from '../job/index.ts';
import { createReplicaSetController } from '../replicaset/index.ts';
import { createReplicationControllerController } from '../replicationcontroller/index.ts';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createStatefulSetController } from '../statefulset/index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const labels = { app: 'web' };
const named = (name: string) => ({ name, namespace: 'default' });
const selector = { matchLabels: labels };
const pods = async () =>
  (await cluster.list(Pod, 'default')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const images = async () => [...new Set((await pods()).map(({ spec }) => spec?.containers[0]?.image))];

async function startKilled(seed: number, ...factories: ControllerFactory[]) {
  cluster = await startCluster();
  cluster.kubelet();
  return factories.map((factory, index) => runKilled(cluster, factory, { seed: seed + index, limit: 30 }));
}
async function end(loops: readonly ReturnType<typeof runKilled>[]) {
  expect(loops.some((loop) => loop.kills() > 0)).toBe(true);
  for (const loop of loops) await loop.stop();
}

describe.each([101, 202, 303])('loops that are killed around their writes end right (seed %d)', (seed) => {
  it('deployment and replicaset: a rollout', async () => {
    const loops = await startKilled(seed, createDeploymentController, createReplicaSetController);
    const deployments = cluster.client.resource(Deployment).namespace('default');
    await deployments.create({
      metadata: named('d'),
      spec: { replicas: 4, selector, template: podTemplate(labels, 'one') },
    });
    const complete = async (replicas: number) => {
      const { metadata, status } = await deployments.get('d');
      return (
        status?.observedGeneration === metadata.generation &&
        status?.updatedReplicas === replicas &&
        status?.replicas === replicas &&
        status?.availableReplicas === replicas
      );
    };
    await cluster.until(() => complete(4), 300_000);
    const template = { spec: { containers: [{ name: 'web', image: 'two' }] } };
    await deployments.patch('d', { type: 'strategic', body: { spec: { replicas: 6, template } } });
    await cluster.until(() => complete(6), 300_000);
    expect((await pods()).length).toBe(6);
    expect(await images()).toEqual(['two']);
    expect((await cluster.list(ReplicaSet)).map(({ spec }) => spec?.replicas).sort()).toEqual([0, 6]);
    await end(loops);
  });

  it('replicationcontroller and endpointslice', async () => {
    const loops = await startKilled(
      seed,
      createReplicationControllerController,
      createEndpointSliceController,
    );
    await cluster.client
      .resource(ReplicationController)
      .namespace('default')
      .create({
        metadata: named('r'),
        spec: { replicas: 5, selector: labels, template: podTemplate(labels) },
      });
    await cluster.client
      .resource(Service)
      .namespace('default')
      .create({
        metadata: named('s'),
        spec: {
          selector: labels,
          ports: [{ port: 80 }],
          publishNotReadyAddresses: true,
          clusterIP: '10.96.0.9',
        },
      });
    const addresses = async () =>
      (await cluster.list(EndpointSlice)).flatMap(({ endpoints }) => endpoints ?? []);
    await cluster.until(async () => (await addresses()).length === 5, 300_000);
    expect((await pods()).length).toBe(5);
    expect((await cluster.list(EndpointSlice)).length).toBe(1);
    await end(loops);
  });

  it('statefulset: claims, Pods and an update, one after another', async () => {
    const loops = await startKilled(seed, createStatefulSetController);
    const sets = cluster.client.resource(StatefulSet).namespace('default');
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await sets.create({
      metadata: named('db'),
      spec: {
        replicas: 3,
        serviceName: 'db',
        selector,
        template: podTemplate(labels, 'one'),
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
      },
    });
    await cluster.until(async () => (await sets.get('db')).status?.readyReplicas === 3, 300_000);
    await sets.patch('db', {
      type: 'strategic',
      body: { spec: { template: { spec: { containers: [{ name: 'web', image: 'two' }] } } } },
    });
    await cluster.until(async () => {
      const { status } = await sets.get('db');
      return String(await images()) === 'two' && status?.updatedReplicas === 3 && status.readyReplicas === 3;
    }, 300_000);
    expect((await pods()).map(({ metadata }) => metadata.name).sort()).toEqual(['db-0', 'db-1', 'db-2']);
    expect((await cluster.list(PersistentVolumeClaim)).length).toBe(3);
    await end(loops);
  });

  it('daemonset: one Pod a node', async () => {
    const loops = await startKilled(seed, createDaemonSetController);
    for (const name of ['a', 'b', 'c'])
      await cluster.client.resource(Node).create({ metadata: { name }, spec: {} });
    const sets = cluster.client.resource(DaemonSet).namespace('default');
    await sets.create({ metadata: named('d'), spec: { selector, template: podTemplate(labels) } });
    await cluster.until(async () => (await sets.get('d')).status?.numberReady === 3, 300_000);
    expect((await pods()).length).toBe(3);
    await end(loops);
  });

  it('job: every Pod is counted once', async () => {
    const loops = await startKilled(seed, createJobController);
    const finish = (pod: Pod) => {
      const { name = '', deletionTimestamp } = pod.metadata;
      if (deletionTimestamp || pod.status?.phase === 'Succeeded') return;
      void cluster.client
        .resource(Pod)
        .namespace('default')
        .patch(name, { type: 'merge', body: { status: { phase: 'Succeeded' } } }, { subresource: 'status' })
        .catch(() => undefined);
    };
    cluster.deps.informers.informer(Pod).addHandler({ added: finish });
    const jobs = cluster.client.resource(Job).namespace('default');
    const container = { name: 'c', image: 'i' };
    await jobs.create({
      metadata: named('j'),
      spec: {
        completions: 5,
        parallelism: 2,
        template: { spec: { restartPolicy: 'Never', containers: [container] } },
      },
    } as Job);
    await cluster.until(async () => (await jobs.get('j')).status?.completionTime !== undefined, 300_000);
    expect((await jobs.get('j')).status).toMatchObject({ succeeded: 5 });
    await end(loops);
  });
});
