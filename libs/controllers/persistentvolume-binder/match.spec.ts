import { describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec } from '@drydock/api/core/v1';
import { bestMatch, mismatch, reclaim } from './index.ts';

const claim = (storage: string, spec: object = {}) =>
  ({
    metadata: { name: 'c', namespace: 'n', uid: 'u' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...spec },
  }) as PersistentVolumeClaim;
const volume = (name: string, storage: string, spec: object = {}, phase = 'Available', labels = {}) =>
  ({
    metadata: { name, labels },
    spec: { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], capacity: { storage }, ...spec },
    status: { phase },
  }) as PersistentVolume;

describe('bestMatch', () => {
  const sizes = [volume('a', '8Gi'), volume('b', '2Gi'), volume('c', '4Gi')];
  it.each<[string, PersistentVolumeClaim, PersistentVolume[], boolean, string | undefined]>([
    ['the smallest', claim('1Gi'), sizes, false, 'b'],
    ['the smallest that is large enough', claim('3Gi'), sizes, false, 'c'],
    ['none is large enough', claim('9Gi'), sizes, false, undefined],
    ['the scheduler chooses', claim('1Gi'), sizes, true, undefined],
    ['access modes', claim('1Gi', { accessModes: ['ReadWriteMany'] }), sizes, false, undefined],
    [
      'the volume mode',
      claim('1Gi', { volumeMode: 'Block' }),
      [...sizes, volume('d', '9Gi', { volumeMode: 'Block' })],
      false,
      'd',
    ],
    [
      'the class',
      claim('1Gi', { storageClassName: 'x' }),
      [...sizes, volume('d', '9Gi', { storageClassName: 'x' })],
      false,
      'd',
    ],
    [
      'labels',
      claim('1Gi', { selector: { matchLabels: { k: 'v' } } }),
      [...sizes, volume('d', '9Gi', {}, 'Available', { k: 'v' })],
      false,
      'd',
    ],
    [
      'one that was meant for it',
      claim('1Gi'),
      [...sizes, volume('d', '9Gi', { claimRef: { namespace: 'n', name: 'c' } })],
      true,
      'd',
    ],
    [
      'one of an earlier claim of the name',
      claim('1Gi'),
      [volume('d', '9Gi', { claimRef: { namespace: 'n', name: 'c', uid: 'old' } })],
      false,
      undefined,
    ],
    ['not released ones', claim('1Gi'), [volume('d', '9Gi', {}, 'Released')], false, undefined],
  ])('%s', (_, wanted, volumes, delayed, expected) =>
    expect(bestMatch(wanted, volumes, delayed)?.metadata.name).toBe(expected),
  );
});

describe('mismatch', () => {
  it.each([
    [claim('1Gi'), volume('v', '1Gi'), undefined],
    [claim('2Gi'), volume('v', '1Gi'), 'requested PV is too small'],
    [claim('1Gi', { storageClassName: 'x' }), volume('v', '1Gi'), 'storageClassName does not match'],
    [claim('1Gi', { volumeMode: 'Block' }), volume('v', '1Gi'), 'incompatible volumeMode'],
    [claim('1Gi', { accessModes: ['ReadWriteMany'] }), volume('v', '1Gi'), 'incompatible accessMode'],
  ])('%#', (wanted, offered, expected) => expect(mismatch(offered, wanted)).toBe(expected));
});

describe('reclaim', () => {
  const of = (spec: Partial<PersistentVolumeSpec>, provisioner?: string) => ({
    ...volume('v', '1Gi', spec),
    metadata: {
      name: 'v',
      ...(provisioner ? { annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } } : {}),
    },
  });
  it.each([
    [of({ persistentVolumeReclaimPolicy: 'Retain' }), 'keep'],
    [of({ persistentVolumeReclaimPolicy: 'Delete' }, 'simulated.drydock.dev'), 'delete'],
    [of({ persistentVolumeReclaimPolicy: 'Delete' }, 'ebs.csi.aws.com'), 'keep'],
    [of({ persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/tmp/x' } }), 'delete'],
    [of({ persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/data' } }), 'fail'],
    [of({ persistentVolumeReclaimPolicy: 'Delete' }), 'fail'],
  ])('%#', (given, expected) => expect(reclaim(given).kind).toBe(expected));
});
