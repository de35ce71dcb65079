import { afterEach, describe, expect, it } from 'vitest';
import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { VolumeAttributesClass } from '@drydock/api/storage/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { classesOfClaim, classesOfVolume } from './controller.ts';
import { createClassProtectionController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const finalizer = 'kubernetes.io/vac-protection';

describe('the classes of attributes', () => {
  it.each([
    ['nothing', {}, {}, []],
    ['an empty name', { volumeAttributesClassName: '' }, {}, []],
    ['what is asked for', { volumeAttributesClassName: 'a' }, {}, ['a']],
    ['what it has', {}, { currentVolumeAttributesClassName: 'b' }, ['b']],
    ['what it is on its way to', {}, { modifyVolumeStatus: { targetVolumeAttributesClassName: 'c' } }, ['c']],
    [
      'each once',
      { volumeAttributesClassName: 'a' },
      { currentVolumeAttributesClassName: 'a', modifyVolumeStatus: { targetVolumeAttributesClassName: 'c' } },
      ['a', 'c'],
    ],
  ])('of a claim: %s', (_title, spec, status, expected) => {
    expect(classesOfClaim({ metadata: {}, spec, status } as never)).toEqual(expected);
  });

  it('of a volume', () => {
    expect(classesOfVolume({ metadata: {}, spec: { volumeAttributesClassName: 'a' } } as never)).toEqual([
      'a',
    ]);
    expect(classesOfVolume({ metadata: {}, spec: {} } as never)).toEqual([]);
  });
});

describe('volumeattributesclass-protection-controller', () => {
  const classes = () => cluster.client.resource(VolumeAttributesClass);
  const claims = () => cluster.client.resource(PersistentVolumeClaim).namespace('default');
  const volumes = () => cluster.client.resource(PersistentVolume);
  const makeClass = (name: string) =>
    classes().create({ metadata: { name }, driverName: 'd.example', parameters: { iops: '1' } });
  const makeClaim = (name: string, volumeAttributesClassName: string) =>
    claims().create({
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        volumeAttributesClassName,
      },
    });
  const makeVolume = (name: string, volumeAttributesClassName: string) =>
    volumes().create({
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: 'd.example', volumeHandle: name },
        volumeAttributesClassName,
      },
    });
  const names = async () => (await cluster.list(VolumeAttributesClass)).map(({ metadata }) => metadata.name);
  const isHeld = async (name: string) => (await classes().get(name)).metadata.finalizers?.includes(finalizer);

  it.each([3, 4, 5])(
    'keeps what is used until it is let go, though killed at any point (%s)',
    async (seed) => {
      cluster = await startCluster();
      const loop = runKilled(cluster, createClassProtectionController, { seed, limit: 12 });
      for (const name of ['unused', 'claimed', 'held']) await makeClass(name);
      await makeClaim('c', 'claimed');
      await makeVolume('v', 'held');
      await cluster.until(async () => ((await isHeld('claimed')) && (await isHeld('held'))) === true);
      await cluster.until(async () => (await isHeld('unused')) === true);
      for (const name of ['unused', 'claimed', 'held']) await classes().delete(name);
      await cluster.until(async () => !(await names()).includes('unused'));
      await cluster.settle();
      expect(await names()).toEqual(['claimed', 'held']);
      await claims().delete('c');
      await cluster.until(async () => !(await names()).includes('claimed'));
      await volumes().delete('v');
      await cluster.until(async () => (await names()).length === 0);
      await loop.stop();
    },
  );
});
