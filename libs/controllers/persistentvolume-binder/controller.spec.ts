import { afterEach, describe, expect, it } from 'vitest';
import {
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeSpec,
} from '@drydock/api/core/v1';
import { StorageClass } from '@drydock/api/storage/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createPvProtectionController } from '../pv-protection/index.ts';
import { createPvcProtectionController } from '../pvc-protection/index.ts';
import { createPersistentVolumeBinder } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const binder = (deps: TestCluster['deps']) =>
  createPersistentVolumeBinder({ simulatedDefaultClass: true }, deps);
const plainBinder = (deps: TestCluster['deps']) => createPersistentVolumeBinder({}, deps);
const claims = () => cluster.client.resource(PersistentVolumeClaim).namespace('default');
const volumes = () => cluster.client.resource(PersistentVolume);
const claim = (name: string, spec: Partial<PersistentVolumeClaimSpec> = {}) =>
  claims().create({
    metadata: { name, namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  } as PersistentVolumeClaim);
const volume = (name: string, storage: string, spec: Partial<PersistentVolumeSpec> = {}) =>
  volumes().create({
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage },
      hostPath: { path: `/tmp/${name}` },
      persistentVolumeReclaimPolicy: 'Retain',
      ...spec,
    },
  } as PersistentVolume);
const phases = async () => {
  const all = [...(await cluster.list(PersistentVolumeClaim)), ...(await cluster.list(PersistentVolume))];
  return Object.fromEntries(all.map(({ metadata, status }) => [metadata.name, status?.phase]));
};

describe('persistentvolume-binder-controller', () => {
  it('binds a claim to the smallest volume that will do, and releases it with the claim', async () => {
    cluster = await startCluster();
    cluster.run(plainBinder);
    await volume('small', '500Mi');
    await volume('big', '5Gi');
    await volume('right', '2Gi');
    await volume('other', '1Gi', { storageClassName: 'gold' });
    await volume('many', '1Gi', { accessModes: ['ReadWriteMany'] });
    await claim('c', { storageClassName: '' });
    await cluster.until(async () => (await phases())['c'] === 'Bound');
    const bound = await claims().get('c');
    expect(bound.spec?.volumeName).toBe('right');
    expect(bound.status).toMatchObject({
      phase: 'Bound',
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
    });
    expect(bound.metadata.annotations).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    expect((await volumes().get('right')).spec?.claimRef).toMatchObject({
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      namespace: 'default',
      name: 'c',
      uid: bound.metadata.uid,
    });
    await cluster.until(async () => (await phases())['small'] === 'Available');
    await claims().delete('c');
    await cluster.until(async () => (await phases())['right'] === 'Released');
    expect(cluster.errors).toEqual([]);
  });

  it('says why a claim waits', async () => {
    cluster = await startCluster();
    cluster.run(plainBinder);
    await cluster.client.resource(StorageClass).create({
      metadata: { name: 'later' },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await volume('tiny', '1Mi');
    await claim('none', { storageClassName: '' });
    await claim('nowhere', { storageClassName: 'missing' });
    await claim('waits', { storageClassName: 'later' });
    await claim('picky', { storageClassName: '', volumeName: 'tiny' });
    await cluster.settle();
    expect(String(await cluster.events('none'))).toContain(
      'Normal FailedBinding no persistent volumes available for this claim and no storage class is set',
    );
    expect(String(await cluster.events('nowhere'))).toContain(
      'Warning ProvisioningFailed storageclass.storage.k8s.io "missing" not found',
    );
    expect(String(await cluster.events('waits'))).toContain(
      'Normal WaitForFirstConsumer waiting for first consumer to be created before binding',
    );
    expect(String(await cluster.events('picky'))).toContain(
      'Warning VolumeMismatch Cannot bind to requested volume "tiny": requested PV is too small',
    );
    await claims().patch('waits', {
      type: 'merge',
      body: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n' } } },
    });
    await cluster.until(async () => (await phases())['waits'] === 'Bound');
  });

  it('loses a claim whose volume is gone, and leaves other people’s volumes alone', async () => {
    cluster = await startCluster();
    cluster.run(plainBinder);
    await volume('v', '1Gi');
    await volume('taken', '1Gi', { claimRef: { namespace: 'default', name: 'another' } });
    await claim('c', { storageClassName: '' });
    await claim('thief', { storageClassName: '', volumeName: 'taken' });
    await cluster.until(async () => (await phases())['c'] === 'Bound');
    await volumes().delete('v');
    await cluster.until(async () => (await phases())['c'] === 'Lost');
    expect(String(await cluster.events('c'))).toContain(
      'Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    );
    expect(String(await cluster.events('thief'))).toContain(
      'Warning FailedBinding volume "taken" already bound to a different claim.',
    );
  });

  it('provisions from the default class, also for claims that were there before it', async () => {
    cluster = await startCluster();
    await claim('early');
    cluster.run(binder);
    await cluster.until(async () => (await phases())['early'] === 'Bound');
    const { metadata, spec } = await claims().get('early');
    expect(spec).toMatchObject({ storageClassName: 'standard', volumeName: `pvc-${metadata.uid}` });
    expect((await volumes().get(`pvc-${metadata.uid}`)).spec).toMatchObject({
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'standard',
      csi: { driver: 'simulated.drydock.dev' },
    });
    await claims().delete('early');
    await cluster.until(async () => (await cluster.list(PersistentVolume)).length === 0);
  });

  it.each([31, 32, 33, 34])('ends right though killed at any point (seed %d)', async (seed) => {
    cluster = await startCluster();
    const loops = [
      runKilled(cluster, binder, { seed, limit: 40 }),
      runKilled(cluster, createPvcProtectionController, { seed: seed + 100 }),
      runKilled(cluster, createPvProtectionController, { seed: seed + 200 }),
    ];
    await volume('static', '1Gi');
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await claim(name);
    await claim('s', { storageClassName: '' });
    await cluster.until(async () => [...names, 's'].every((name) => name));
    await cluster.until(async () => {
      const now = await phases();
      return [...names, 's', 'static'].every((name) => now[name] === 'Bound');
    }, 200_000);
    const all = await cluster.list(PersistentVolume);
    expect(all.length).toBe(5);
    expect(all.every(({ metadata }) => metadata.finalizers?.includes('kubernetes.io/pv-protection'))).toBe(
      true,
    );
    expect(new Set(all.map(({ spec }) => spec?.claimRef?.uid)).size).toBe(5);
    const pod = {
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'a' } }],
      nodeName: 'n',
      containers: [{ name: 'c', image: 'i' }],
    };
    const pods = cluster.client.resource(Pod).namespace('default');
    await pods.create({ metadata: { name: 'p', namespace: 'default' }, spec: pod });
    await cluster.settle();
    for (const name of ['a', 'b', 's']) await claims().delete(name);
    await cluster.until(async () => {
      const now = await phases();
      return now['static'] === 'Released' && now['b'] === undefined && Object.keys(now).length === 7;
    }, 200_000);
    expect((await claims().get('a')).metadata.deletionTimestamp).toBeDefined();
    await pods.delete('p', { gracePeriodSeconds: 0 });
    await cluster.until(async () => Object.keys(await phases()).length === 5, 200_000);
    expect(loops.some((loop) => loop.kills() > 5)).toBe(true);
    for (const loop of loops) await loop.stop();
  });
});
