import { describe, expect, it } from 'vitest';
import {
  createErrors,
  createdForm,
  sample,
  tableRow,
  updateErrors,
} from '../common/definition.spec-support.ts';
import { csiDriverDefinition } from './csi-driver.ts';
import { csiNodeDefinition } from './csi-node.ts';
import { csiStorageCapacityDefinition } from './csi-storage-capacity.ts';
import { storageClassDefinition } from './storage-class.ts';
import { volumeAttachmentDefinition } from './volume-attachment.ts';
import { volumeAttributesClassDefinition } from './volume-attributes-class.ts';

describe('StorageClass', () => {
  const fields = { provisioner: 'example.com/disk' };

  it.each([
    ['a plain one', fields, []],
    ['no provisioner', {}, ['provisioner: Required value']],
    [
      'an unknown policy',
      { ...fields, reclaimPolicy: 'Burn' },
      ['reclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Retain"'],
    ],
    [
      'an unknown binding mode',
      { ...fields, volumeBindingMode: 'Never' },
      [
        'volumeBindingMode: Unsupported value: "Never": supported values: "Immediate", "WaitForFirstConsumer"',
      ],
    ],
  ])('checks %s', (_name, value, errors) => {
    expect(createErrors(storageClassDefinition, value)).toEqual(errors);
  });

  it('names each topology once', () => {
    const zones = (...values: string[]) => ({ matchLabelExpressions: [{ key: 'zone', values }] });
    const errors = (...allowedTopologies: object[]) =>
      createErrors(storageClassDefinition, { ...fields, allowedTopologies });
    expect(errors(zones('a', 'b'), zones('a'))).toEqual([]);
    expect(errors(zones('a', 'b'), zones('b', 'a'))).toEqual([
      'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
    ]);
  });

  it('stands as it was made', () => {
    const after = {
      provisioner: 'b',
      parameters: { a: 'b' },
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    expect(updateErrors(storageClassDefinition, after, fields)).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]);
    expect(updateErrors(storageClassDefinition, { ...fields, allowVolumeExpansion: true }, fields)).toEqual(
      [],
    );
  });

  it('marks the default one', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    expect(tableRow(storageClassDefinition, sample(storageClassDefinition, fields, { annotations }))).toEqual(
      {
        Name: 'x (default)',
        Provisioner: 'example.com/disk',
        ReclaimPolicy: 'Delete',
        VolumeBindingMode: 'Immediate',
        AllowVolumeExpansion: false,
        Age: '5m',
      },
    );
  });
});

describe('CSI kinds', () => {
  it('fill in what a driver does', () => {
    const driver = sample(csiDriverDefinition, { spec: {} }, { name: 'disk.example.com' });
    expect(tableRow(csiDriverDefinition, driver)).toEqual({
      Name: 'disk.example.com',
      AttachRequired: true,
      PodInfoOnMount: false,
      StorageCapacity: false,
      TokenRequests: '<unset>',
      RequiresRepublish: false,
      Modes: 'Persistent',
      Age: '5m',
    });
    expect(
      createErrors(csiDriverDefinition, {
        spec: { tokenRequests: [{ audience: 'a', expirationSeconds: 1 }] },
      }),
    ).toEqual([
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
    ]);
  });

  it('know the drivers of a node by name', () => {
    const driver = { name: 'disk.example.com', nodeID: 'n1', topologyKeys: [] };
    expect(createErrors(csiNodeDefinition, { spec: { drivers: [driver, driver] } })).toEqual([
      'spec.drivers[1].name: Duplicate value: "disk.example.com"',
    ]);
    const other = { ...driver, nodeID: 'n2' };
    expect(
      updateErrors(csiNodeDefinition, { spec: { drivers: [other] } }, { spec: { drivers: [driver] } }),
    ).toEqual([
      'CSINodeDriver: Invalid value: {"name":"disk.example.com","nodeID":"n2","topologyKeys":[]}: field is immutable',
    ]);
    expect(
      tableRow(csiNodeDefinition, sample(csiNodeDefinition, { spec: { drivers: [driver] } })),
    ).toMatchObject({ Drivers: 1 });
  });

  it('know what is left', () => {
    expect(createErrors(csiStorageCapacityDefinition, { storageClassName: 'fast', capacity: '-1' })).toEqual([
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ]);
    const capacity = sample(csiStorageCapacityDefinition, { storageClassName: 'fast', capacity: '1024Mi' });
    expect(tableRow(csiStorageCapacityDefinition, capacity)).toEqual({
      Name: 'x',
      StorageClassName: 'fast',
      Capacity: '1Gi',
    });
  });
});

describe('VolumeAttachment and VolumeAttributesClass', () => {
  const spec = { attacher: 'disk.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } };

  it('are checked', () => {
    expect(createErrors(volumeAttachmentDefinition, { spec })).toEqual([]);
    expect(createErrors(volumeAttachmentDefinition, { spec: { ...spec, source: {} } })).toEqual([
      'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ]);
    expect(createErrors(volumeAttributesClassDefinition, { driverName: 'd' })).toEqual([
      'parameters: Required value: must contain at least one key/value pair',
    ]);
    expect(
      updateErrors(
        volumeAttributesClassDefinition,
        { driverName: 'd', parameters: { a: '2' } },
        { driverName: 'd', parameters: { a: '1' } },
      ),
    ).toEqual(['parameters: Forbidden: updates to parameters are forbidden.']);
  });

  it('print as kubectl knows them', () => {
    expect(tableRow(volumeAttachmentDefinition, createdForm(volumeAttachmentDefinition, { spec }))).toEqual({
      Name: 'x',
      Attacher: 'disk.example.com',
      PV: 'pv',
      Node: 'n1',
      Attached: false,
      Age: '5m',
    });
  });
});
