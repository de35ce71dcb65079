import { afterEach, describe, expect, it } from 'vitest';
import { ControllerRevision, StatefulSet } from '@drydock/api/apps/v1';
import { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createStatefulSetController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const stateful = (replicas: number, more: object = {}): StatefulSet =>
  ({
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: podTemplate({ app: 'db' }),
      ...more,
    },
  }) as StatefulSet;
const resource = () => cluster.client.resource(StatefulSet).namespace('default');
const get = () => resource().get('db');
const names = async () => (await cluster.list(Pod, 'default')).map((pod) => pod.metadata.name).sort();
const images = async () =>
  Object.fromEntries(
    (await cluster.list(Pod, 'default')).map((pod) => [pod.metadata.name, pod.spec?.containers[0]?.image]),
  );
const patch = (spec: object) => resource().patch('db', { type: 'strategic', body: { spec } });
const setImage = (image: string) => patch({ template: { spec: { containers: [{ name: 'web', image }] } } });
const settledAt = (replicas: number) =>
  cluster.until(async () => {
    const { status, metadata } = await get();
    return (
      status?.observedGeneration === metadata.generation &&
      status?.replicas === replicas &&
      (status.readyReplicas ?? 0) === replicas &&
      status.currentRevision === status.updateRevision
    );
  });

describe('statefulset-controller', () => {
  it('makes Pods in order, each when the one before is ready, with an identity', async () => {
    cluster = await startCluster();
    let release = false;
    cluster.run(createStatefulSetController);
    await resource().create(stateful(3, { ordinals: { start: 5 } }));
    await cluster.until(async () => (await names()).length === 1);
    await cluster.settle();
    expect(await names()).toEqual(['db-5']);
    release = true;
    cluster.kubelet({ ready: () => release });
    await settledAt(3);
    expect(await names()).toEqual(['db-5', 'db-6', 'db-7']);
    const pod = await cluster.client.resource(Pod).namespace('default').get('db-6');
    const [revision] = await cluster.list(ControllerRevision, 'default');
    expect(pod.spec).toMatchObject({ hostname: 'db-6', subdomain: 'db' });
    expect(pod.metadata.labels).toEqual({
      app: 'db',
      'apps.kubernetes.io/pod-index': '6',
      'controller-revision-hash': revision?.metadata.name,
      'statefulset.kubernetes.io/pod-name': 'db-6',
    });
    expect((await get()).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision?.metadata.name,
      updateRevision: revision?.metadata.name,
      collisionCount: 0,
    });
    expect(await cluster.events('db')).toContain(
      'Normal SuccessfulCreate create Pod db-5 in StatefulSet db successful',
    );
    await patch({ replicas: 1 });
    await settledAt(1);
    expect(await names()).toEqual(['db-5']);
    expect(cluster.errors).toEqual([]);
  });

  it('rolls from the highest ordinal down to the partition, and back to a known revision', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createStatefulSetController);
    await resource().create(
      stateful(3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }),
    );
    await settledAt(3);
    await setImage('two');
    await cluster.until(
      async () => (await images())['db-2'] === 'two' && (await get()).status?.updatedReplicas === 1,
    );
    await cluster.settle();
    expect(await images()).toEqual({ 'db-0': 'nginx', 'db-1': 'nginx', 'db-2': 'two' });
    await cluster.client.resource(Pod).namespace('default').delete('db-0');
    await cluster.until(async () => (await get()).status?.readyReplicas === 3);
    expect((await images())['db-0']).toBe('nginx');
    await patch({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
    await settledAt(3);
    expect(new Set(Object.values(await images()))).toEqual(new Set(['two']));
    await setImage('nginx');
    await settledAt(3);
    const revisions = await cluster.list(ControllerRevision, 'default');
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3]);
  });

  it('in parallel makes all at once and replaces what does not serve', async () => {
    cluster = await startCluster();
    let broken = true;
    cluster.kubelet({ ready: () => !broken });
    cluster.run(createStatefulSetController);
    await resource().create(stateful(4, { podManagementPolicy: 'Parallel' }));
    await cluster.until(async () => (await names()).length === 4);
    broken = false;
    await setImage('good');
    await settledAt(4);
    expect(new Set(Object.values(await images()))).toEqual(new Set(['good']));
  });

  it('makes claims and keeps or removes them as the retention policy says', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createStatefulSetController);
    const volumeClaimTemplates = [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ];
    await resource().create(
      stateful(2, {
        volumeClaimTemplates,
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
      }),
    );
    await settledAt(2);
    const claims = async () => cluster.list(PersistentVolumeClaim, 'default');
    expect(
      (await claims()).map(({ metadata }) => [metadata.name, metadata.ownerReferences?.[0]?.kind]),
    ).toEqual([
      ['data-db-0', 'StatefulSet'],
      ['data-db-1', 'StatefulSet'],
    ]);
    const pod = await cluster.client.resource(Pod).namespace('default').get('db-1');
    expect(pod.spec?.volumes?.[0]).toEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: 'data-db-1' },
    });
    await patch({ replicas: 1 });
    await settledAt(1);
    const condemned = (await claims()).find(({ metadata }) => metadata.name === 'data-db-1');
    expect(condemned?.metadata.ownerReferences?.map(({ kind, uid }) => [kind, uid])).toEqual([
      ['Pod', pod.metadata.uid],
    ]);
    await patch({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Retain' } });
    await cluster.until(async () => {
      const kept = (await claims()).find(({ metadata }) => metadata.name === 'data-db-0');
      return (kept?.metadata.ownerReferences ?? []).length === 0;
    });
    expect(cluster.errors).toEqual([]);
  });

  it('comes to the same end when it is killed and started again in the middle', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    await resource().create(stateful(5));
    for (let round = 0; round < 6; round++) {
      const stop = cluster.run(createStatefulSetController);
      for (let turn = 0; turn < 40 * round; turn++) await undefined;
      await stop();
    }
    cluster.run(createStatefulSetController);
    await settledAt(5);
    expect(await cluster.list(ControllerRevision, 'default')).toHaveLength(1);
  });

  it('replaces nothing where its revision was written by a Kubernetes before v1.34', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    const stop = cluster.run(createStatefulSetController);
    await resource().create(stateful(2));
    await settledAt(2);
    await stop();
    const uids = async () => (await cluster.list(Pod, 'default')).map(({ metadata }) => metadata.uid);
    const before = await uids();
    const revisions = cluster.client.resource(ControllerRevision).namespace('default');
    const [made] = await cluster.list(ControllerRevision, 'default');
    if (made === undefined) throw new Error('no revision');
    const { spec } = made.data as { spec: { template: { metadata: object } } };
    const template = { ...spec.template, metadata: { ...spec.template.metadata, creationTimestamp: null } };
    const { name = '', labels = {}, ownerReferences = [] } = made.metadata;
    await revisions.delete(name);
    await revisions.create({
      metadata: { name, namespace: 'default', labels, ownerReferences },
      data: { spec: { ...spec, template } },
      revision: 1,
    } as ControllerRevision);
    expect(JSON.stringify((await revisions.get(name)).data)).toContain('"creationTimestamp":null');
    cluster.run(createStatefulSetController);
    await cluster.settle();
    expect((await cluster.list(ControllerRevision)).map(({ metadata }) => metadata.name)).toEqual([name]);
    expect(await uids()).toEqual(before);
    expect((await get()).status?.updateRevision).toBe(name);
  });
});
