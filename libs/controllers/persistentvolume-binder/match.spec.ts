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
    [
      'the fewest access modes, whatever the size',
      claim('1Gi'),
      [
        volume('many', '1Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'] }),
        volume('two', '2Gi'),
        volume('one', '9Gi', { accessModes: ['ReadWriteOnce'] }),
      ],
      false,
      'one',
    ],
    [
      'all the access modes',
      claim('1Gi', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }),
      [
        volume('two', '2Gi'),
        volume('one', '9Gi', { accessModes: ['ReadWriteOnce'] }),
        volume('many', '9Gi', { accessModes: ['ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOnce'] }),
      ],
      false,
      'many',
    ],
    [
      'one of fewer access modes before the one that was meant for it',
      claim('1Gi'),
      [
        volume('d', '9Gi', { claimRef: { namespace: 'n', name: 'c' } }),
        volume('one', '9Gi', { accessModes: ['ReadWriteOnce'] }),
      ],
      false,
      'one',
    ],
    [
      'not one of another class that was meant for it',
      claim('1Gi'),
      [volume('d', '9Gi', { claimRef: { namespace: 'n', name: 'c' }, volumeAttributesClassName: 'x' })],
      false,
      undefined,
    ],
    [
      'one of another storage class that was meant for it',
      claim('1Gi'),
      [volume('d', '9Gi', { claimRef: { namespace: 'n', name: 'c' }, storageClassName: 'x' })],
      false,
      'd',
    ],
    [
      'none that was meant for it and is too small',
      claim('1Gi'),
      [volume('d', '1Mi', { claimRef: { namespace: 'n', name: 'c' } })],
      false,
      undefined,
    ],
    [
      'none that goes',
      claim('1Gi'),
      [
        { ...volume('d', '9Gi'), metadata: { name: 'd', deletionTimestamp: '2026-01-01T00:00:00Z' } },
        {
          ...volume('e', '9Gi', { claimRef: { namespace: 'n', name: 'c' } }),
          metadata: { name: 'e', deletionTimestamp: '2026-01-01T00:00:00Z' },
        },
      ],
      false,
      undefined,
    ],
    ['not pending ones', claim('1Gi'), [volume('d', '9Gi', {}, 'Pending')], false, undefined],
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
    [
      claim('1Gi', { volumeAttributesClassName: 'x' }),
      volume('v', '1Gi'),
      'volumeAttributesClassName does not match',
    ],
    [
      claim('9Gi'),
      { ...volume('v', '1Gi'), metadata: { name: 'v', deletionTimestamp: '2026-01-01T00:00:00Z' } },
      'the volume is marked for deletion "v"',
    ],
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
