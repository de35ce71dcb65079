import { describe, expect, it } from 'vitest';
import { cells, casesOf, fiveMinutesAgo, type RowCases } from './rows.spec-support.ts';

const age = '<unknown>';
const none = '<none>';
const unset = '<unset>';
const table: RowCases = {
  CSIDriver: [
    ['bare', { spec: {} }, [true, false, false, unset, false, none, age]],
    [
      'full',
      {
        spec: {
          attachRequired: false,
          podInfoOnMount: true,
          storageCapacity: true,
          requiresRepublish: true,
          tokenRequests: [{ audience: 'a' }, { audience: 'b' }],
          volumeLifecycleModes: ['Persistent', 'Ephemeral'],
        },
      },
      [false, true, true, 'a,b', true, 'Persistent,Ephemeral', age],
    ],
  ],
  CSIStorageCapacity: [
    ['unknown', { storageClassName: 'c' }, ['c', unset]],
    ['known', { storageClassName: 'c', capacity: '1Gi' }, ['c', '1Gi']],
  ],
  PersistentVolume: [
    ['bare', {}, ['0', '', '', '', '', '', unset, '', age, unset]],
    [
      'that is deleted',
      {
        spec: {
          accessModes: [
            'ReadWriteOncePod',
            'ReadWriteMany',
            'ReadWriteOnce',
            'ReadOnlyMany',
            'ReadWriteOnce',
          ],
          capacity: { storage: '4Gi' },
          claimRef: { name: 'test', namespace: 'default' },
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: 'my-scn',
          volumeAttributesClassName: 'my-vacn',
          volumeMode: 'Block',
        },
        status: { phase: 'Bound', reason: 'Because' },
      },
      [
        '4Gi',
        'RWO,ROX,RWX,RWOP',
        'Retain',
        'Terminating',
        'default/test',
        'my-scn',
        'my-vacn',
        'Because',
        age,
        'Block',
      ],
      { deletionTimestamp: fiveMinutesAgo },
    ],
  ],
  PersistentVolumeClaim: [
    [
      'that has no volume',
      {
        spec: { resources: { requests: { storage: '1Gi' } }, volumeAttributesClassName: '' },
        status: { phase: 'Lost', accessModes: ['ReadOnlyMany'], capacity: { storage: '4Gi' } },
      },
      ['Lost', '', '', '', '', '', age, unset],
    ],
    [
      'whose volume has no size yet, its class named the old way',
      { spec: { volumeName: 'v', storageClassName: 'other' }, status: { phase: 'Pending' } },
      ['Pending', 'v', '0', '', 'beta', unset, age, unset],
      { annotations: { 'volume.beta.kubernetes.io/storage-class': 'beta' } },
    ],
    [
      'that is bound',
      {
        spec: { volumeName: 'v', storageClassName: 'my-scn', volumeMode: 'Filesystem' },
        status: { phase: 'Bound', accessModes: ['ReadWriteMany'], capacity: { storage: '10Gi' } },
      },
      ['Bound', 'v', '10Gi', 'RWX', 'my-scn', unset, age, 'Filesystem'],
    ],
  ],
  StorageClass: [
    ['bare', { provisioner: 'p' }, ['p', 'Delete', 'Immediate', false, age]],
    [
      'full',
      {
        provisioner: 'p',
        reclaimPolicy: 'Retain',
        volumeBindingMode: 'WaitForFirstConsumer',
        allowVolumeExpansion: true,
      },
      ['p', 'Retain', 'WaitForFirstConsumer', true, age],
    ],
  ],
  VolumeAttachment: [
    [
      'of an inline volume',
      { spec: { attacher: 'a', nodeName: 'n', source: {} } },
      ['a', '', 'n', false, age],
    ],
    [
      'attached',
      {
        spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
        status: { attached: true },
      },
      ['a', 'v', 'n', true, age],
    ],
  ],
};

describe('the row', () => {
  it.each(casesOf(table))('of a %s %s', (kind, _what, fields, expected, metadata) => {
    expect(cells(kind, fields, metadata)).toEqual(['x', ...expected]);
  });

  it.each([
    ['StorageClass', 'storageclass.kubernetes.io/is-default-class'],
    ['StorageClass', 'storageclass.beta.kubernetes.io/is-default-class'],
    ['VolumeAttributesClass', 'volumeattributesclass.alpha.kubernetes.io/is-default-class'],
  ])('marks the %s that is the default', (kind, annotation) => {
    expect(cells(kind, {}, { annotations: { [annotation]: 'true' } })[0]).toBe('x (default)');
    expect(cells(kind, {}, { annotations: { [annotation]: 'True' } })[0]).toBe('x');
  });
});
