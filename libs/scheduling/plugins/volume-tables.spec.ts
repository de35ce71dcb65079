import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@drydock/api/core/v1';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
} from '@drydock/api/storage/v1';
import { describe, expect, it } from 'vitest';
import { filterAll, info, isTriedAfter, nodeWith, pod } from '../framework/testing.spec-support.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';
import { claim, later, listers, user, volume } from './volumes.spec-support.ts';

// The facts of kube-scheduler's own tables about volumes.

const withVolumes = (...volumes: Omit<Volume, 'name'>[]) =>
  info({ spec: { volumes: volumes.map((one, at) => ({ ...one, name: `v${at}` })) } });
const ofPod = (shape: Parameters<typeof pod>[0], ...volumes: Omit<Volume, 'name'>[]): Pod =>
  pod({
    ...shape,
    spec: { ...shape?.spec, volumes: volumes.map((one, at) => ({ ...one, name: `v${at}` })) },
  });
const uses = (claimName: string) => ({ persistentVolumeClaim: { claimName } });
const placed = { spec: { nodeName: 'n' } };

const gce = (pdName: string, readOnly = false) => ({ gcePersistentDisk: { pdName, readOnly } });
const aws = (volumeID: string) => ({ awsElasticBlockStore: { volumeID } });
const rbd = (monitor: string, image: string, readOnly = false) => ({
  rbd: { monitors: [monitor, 'shared'], pool: 'p', image, readOnly },
});
const iscsi = (iqn: string, readOnly = false) => ({
  iscsi: { targetPortal: '127.0.0.1:3260', iqn, lun: 0, readOnly },
});

describe('VolumeRestrictions', () => {
  const taken = 'node(s) had no available disk';
  it.each<[string, Omit<Volume, 'name'>, Omit<Volume, 'name'>, string]>([
    ['the same disk', gce('a'), gce('a'), taken],
    ['another disk', gce('a'), gce('b'), 'ok'],
    ['the same disk, both read', gce('a', true), gce('a', true), 'ok'],
    ['the same disk, one reads', gce('a', true), gce('a'), taken],
    ['the same EBS volume', aws('a'), aws('a'), taken],
    ['another EBS volume', aws('a'), aws('b'), 'ok'],
    ['the same image', rbd('m1', 'a'), rbd('m2', 'a'), taken],
    ['another image', rbd('m1', 'a'), rbd('m2', 'b'), 'ok'],
    ['the same image, both read', rbd('m1', 'a', true), rbd('m2', 'a', true), 'ok'],
    ['the same target', iscsi('a'), iscsi('a'), taken],
    ['another target', iscsi('a'), iscsi('b'), 'ok'],
    ['the same target, both read', iscsi('a', true), iscsi('a', true), 'ok'],
    ['a disk of another kind', gce('a'), aws('a'), 'ok'],
  ])('where a Pod has %s', (_, wanted, there, expected) => {
    const nodes = [nodeWith('n', { pods: [withVolumes(there)] }), nodeWith('empty')];
    expect(filterAll(volumeRestrictions(listers({})), withVolumes(wanted), nodes)).toEqual({
      n: expected,
      empty: 'ok',
    });
  });

  const plugin = volumeRestrictions(listers({}));
  it.each<[string, Pod, boolean]>([
    ['a Pod with its disk went', ofPod(placed, gce('a')), true],
    ['a Pod with another disk went', ofPod(placed, gce('b')), false],
    ['a Pod with its claim went', ofPod(placed, uses('c')), true],
    ['a Pod with another claim went', ofPod(placed, uses('d')), false],
    ['a Pod of another namespace went', ofPod({ ...placed, namespace: 'x' }, uses('c')), false],
  ])('has a Pod tried again when %s: %s', (_, previous, expected) => {
    const target = withVolumes(gce('a'), uses('c'));
    expect(isTriedAfter(plugin, target, ['AssignedPod', 'Delete'], { previous })).toBe(expected);
  });

  it.each([
    ['c', 'default', true],
    ['d', 'default', false],
    ['c', 'x', false],
  ])('has a Pod tried again when the claim %s of %s came: %s', (name, namespace, expected) => {
    const object = { metadata: { name, namespace } };
    expect(isTriedAfter(plugin, user('c'), ['PersistentVolumeClaim', 'Add'], { object })).toBe(expected);
  });
});

describe('VolumeZone', () => {
  const zone = 'topology.kubernetes.io/zone';
  const region = 'topology.kubernetes.io/region';
  const oldZone = 'failure-domain.beta.kubernetes.io/zone';
  const none = 'node(s) had no available volume zone';
  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['nothing said', {}, { [zone]: 'a' }, 'ok'],
    ['its zone', { [zone]: 'a' }, { [zone]: 'a' }, 'ok'],
    ['another zone', { [zone]: 'a' }, { [zone]: 'b' }, none],
    ['one of its zones', { [zone]: 'a__b' }, { [zone]: 'b' }, 'ok'],
    ['none of its zones', { [zone]: 'a__b' }, { [zone]: 'c' }, none],
    ['its zone by the old name', { [oldZone]: 'a' }, { [oldZone]: 'a' }, 'ok'],
    ['its zone, told by the old name', { [oldZone]: 'a' }, { [zone]: 'a' }, 'ok'],
    ['another region', { [region]: 'r' }, { [region]: 's' }, none],
    ['its zone, but no region', { [zone]: 'a', [region]: 'r' }, { [zone]: 'a' }, none],
    ['no zone at all', { [zone]: 'a' }, {}, 'ok'],
    ['a list of zones that is none', { [zone]: 'a__' }, { [zone]: 'c' }, 'ok'],
  ])('on a node of %s', (_, labels, on, expected) => {
    const world = { claims: [claim('c', { volumeName: 'v' })], volumes: [volume('v', {}, labels)] };
    expect(filterAll(volumeZone(listers(world)), user('c'), [nodeWith('n', { labels: on })])['n']).toBe(
      expected,
    );
  });

  const immediate = {
    metadata: { name: 'now' },
    provisioner: 'p',
    volumeBindingMode: 'Immediate',
  } as StorageClass;
  const modeless = { metadata: { name: 'modeless' }, provisioner: 'p' } as StorageClass;
  it.each<[string, object, string]>([
    ['names nothing', {}, 'PersistentVolumeClaim had no pv name and storageClass name'],
    ['waits', { storageClassName: 'later' }, 'ok'],
    ['should be bound at once', { storageClassName: 'now' }, 'PersistentVolume had no name'],
    [
      'has a class without a mode',
      { storageClassName: 'modeless' },
      'VolumeBindingMode not set for StorageClass "modeless"',
    ],
    ['has a class that is not there', { storageClassName: 'x' }, 'storageclass.storage.k8s.io "x" not found'],
    ['has a volume that is not there', { volumeName: 'x' }, 'persistentvolume "x" not found'],
  ])('for a claim that %s', (_, spec, expected) => {
    const world = { claims: [claim('c', spec)], classes: [later('p'), immediate, modeless] };
    const found = filterAll(volumeZone(listers(world)), user('c'), [
      nodeWith('n', { labels: { [zone]: 'a' } }),
    ]);
    expect(found['n']).toBe(expected);
  });

  const plugin = volumeZone(listers({}));
  const inZone = (value?: string) => volume('v', {}, value === undefined ? {} : { [zone]: value });
  it.each<[string, PersistentVolume | undefined, PersistentVolume, boolean]>([
    ['a volume came', undefined, inZone('a'), true],
    ['a volume has another zone', inZone('a'), inZone('b'), true],
    ['a volume lost its zone', inZone('a'), inZone(), true],
    ['a volume has its zones in another order', inZone('a__b'), inZone('b__a'), false],
    ['a volume is as before', inZone('a'), inZone('a'), false],
  ])('has a Pod tried again when %s: %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'Update';
    expect(isTriedAfter(plugin, user('c'), ['PersistentVolume', action], { object, previous })).toBe(
      expected,
    );
  });

  it('has a Pod tried again for its own claims, and for classes that wait', () => {
    const tried = (object: object, resource: 'StorageClass' | 'PersistentVolumeClaim') =>
      isTriedAfter(plugin, user('c'), [resource, 'Add'], { object });
    expect(tried(claim('c'), 'PersistentVolumeClaim')).toBe(true);
    expect(tried(claim('d'), 'PersistentVolumeClaim')).toBe(false);
    expect(tried(later('p'), 'StorageClass')).toBe(true);
    expect(tried(immediate, 'StorageClass')).toBe(false);
  });
});

describe('VolumeBinding has a Pod tried again', () => {
  const plugin = volumeBinding({}, listers({}), {} as never);
  const inZones = (...values: string[]) =>
    later('p', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values }] }] });
  it.each<[string, StorageClass | undefined, StorageClass, boolean]>([
    ['came', undefined, later('p'), true],
    ['is made in other zones', inZones('a'), inZones('a', 'b'), true],
    ['is as before', inZones('a'), inZones('a'), false],
  ])('when a class %s: %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'Update';
    expect(isTriedAfter(plugin, user('c'), ['StorageClass', action], { object, previous })).toBe(expected);
  });

  it.each<[string, PersistentVolumeClaim, boolean]>([
    ['its own', claim('c'), true],
    ["another's", claim('d'), false],
  ])('when %s claim changes: %s', (_, object, expected) => {
    const event = { object, previous: object };
    expect(isTriedAfter(plugin, user('c'), ['PersistentVolumeClaim', 'Update'], event)).toBe(expected);
  });

  const migrated = (plugins?: string) =>
    ({
      metadata: {
        name: 'n',
        annotations: plugins === undefined ? {} : { 'storage.alpha.kubernetes.io/migrated-plugins': plugins },
      },
      spec: { drivers: [] },
    }) as CSINode;
  it.each<[string, CSINode | undefined, CSINode, boolean]>([
    ['came', undefined, migrated(), true],
    ['takes over another plugin', migrated('a'), migrated('a,b'), true],
    ['is as before', migrated('a'), migrated('a'), false],
  ])('when a CSINode %s: %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'Update';
    expect(isTriedAfter(plugin, user('c'), ['CSINode', action], { object, previous })).toBe(expected);
  });

  const space = (capacity?: string, maximumVolumeSize?: string) =>
    ({ metadata: { name: 's' }, capacity, maximumVolumeSize }) as CSIStorageCapacity;
  it.each<[string, CSIStorageCapacity | undefined, CSIStorageCapacity, boolean]>([
    ['is told of', undefined, space('1Gi'), true],
    ['grows', space('1Gi'), space('2Gi'), true],
    ['shrinks', space('2Gi'), space('1Gi'), false],
    ['is as before', space('1Gi'), space('1Gi'), false],
    ['becomes known', space(), space('1Gi'), true],
    ['grows for larger volumes', space('1Gi', '1Gi'), space('1Gi', '2Gi'), true],
    ['grows, but not for larger volumes', space('1Gi', '1Gi'), space('2Gi', '1Gi'), false],
  ])('when space %s: %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'Update';
    expect(isTriedAfter(plugin, user('c'), ['CSIStorageCapacity', action], { object, previous })).toBe(
      expected,
    );
  });

  const driver = (name: string, storageCapacity?: boolean) =>
    ({ metadata: { name }, spec: { storageCapacity } }) as CSIDriver;
  it.each<[string, CSIDriver, CSIDriver, boolean]>([
    ['counts space no more', driver('d', true), driver('d', false), true],
    ['does not say any more that it counts space', driver('d', true), driver('d'), true],
    ['counts space from now on', driver('d', false), driver('d', true), false],
    ['counts space as before', driver('d', true), driver('d', true), false],
    ['of others counts space no more', driver('e', true), driver('e', false), false],
  ])('when a driver %s: %s', (_, previous, object, expected) => {
    const target = withVolumes({ csi: { driver: 'd' } });
    expect(isTriedAfter(plugin, target, ['CSIDriver', 'Update'], { object, previous })).toBe(expected);
  });
});

describe('NodeVolumeLimits', () => {
  const node = (limits: Record<string, number>, annotations: Record<string, string> = {}) =>
    ({
      metadata: { name: 'n', annotations },
      spec: {
        drivers: Object.entries(limits).map(([name, count]) => ({
          name,
          nodeID: 'n',
          allocatable: { count },
        })),
      },
    }) as CSINode;
  const ebs = 'ebs.csi.aws.com';
  const full = 'node(s) exceed max volume count';
  const csi = (name: string, driver: string) => volume(name, { csi: { driver, volumeHandle: name } });
  const world = {
    claims: ['a', 'b', 'c', 'old', 'old2', 'disk']
      .map((name) => claim(name, { volumeName: `pv-${name}` }))
      .concat(
        claim('waits', { storageClassName: 'later' }),
        claim('lost', { volumeName: 'gone', storageClassName: 'later' }),
        claim('nothing', {}),
      ),
    volumes: [
      csi('pv-a', ebs),
      csi('pv-b', ebs),
      csi('pv-c', 'other'),
      volume('pv-old', aws('aws://east/vol-1')),
      volume('pv-old2', aws('vol-2')),
      volume('pv-disk', { gcePersistentDisk: { pdName: 'd' } }),
    ],
    classes: [later('kubernetes.io/aws-ebs')],
  };
  it.each<[string, CSINode | undefined, string[], string[], string]>([
    ['one fits', node({ [ebs]: 2 }), ['a'], ['b'], 'ok'],
    ['none is left', node({ [ebs]: 1 }), ['a'], ['b'], full],
    ['it is attached already', node({ [ebs]: 1 }), ['a'], ['a'], 'ok'],
    ['its driver has no limit', node({ [ebs]: 1 }), ['a'], ['c'], 'ok'],
    ['nothing is known of the node', undefined, ['a'], ['b'], 'ok'],
    ['one of the built-in plugin counts for its driver', node({ [ebs]: 1 }), ['old'], ['b'], full],
    ['one of the built-in plugin asks for its driver', node({ [ebs]: 1 }), ['a'], ['old'], full],
    ['two of the built-in plugin', node({ [ebs]: 2 }), ['old'], ['old2'], 'ok'],
    ['one that waits counts for the driver of its class', node({ [ebs]: 1 }), ['a'], ['waits'], full],
    ['one whose volume is gone counts for its class', node({ [ebs]: 1 }), ['a'], ['lost'], full],
    ['one of which nothing is known', node({ [ebs]: 1 }), ['a'], ['nothing'], 'ok'],
    [
      'disks have a limit of their own',
      node({ [ebs]: 1, 'pd.csi.storage.gke.io': 0 }),
      ['a'],
      ['disk'],
      full,
    ],
  ])('%s', (_, csiNode, there, wanted, expected) => {
    const plugin = nodeVolumeLimits(listers({ ...world, csiNodes: csiNode === undefined ? [] : [csiNode] }));
    const nodes = [nodeWith('n', { pods: [user(...there)] })];
    expect(filterAll(plugin, user(...wanted), nodes)['n']).toBe(expected);
  });

  it.each<[string, Omit<Volume, 'name'>, Record<string, number>, string]>([
    ['EBS', aws('aws://zone/vol-9'), { [ebs]: 1 }, full],
    ['EBS, and it is the one there', aws('pv-a'), { [ebs]: 1 }, 'ok'],
    ['GCE', gce('d'), { 'pd.csi.storage.gke.io': 0 }, full],
    ['Azure', { azureDisk: { diskName: 'd', diskURI: '/d' } }, { 'disk.csi.azure.com': 0 }, full],
    ['Cinder', { cinder: { volumeID: 'd' } }, { 'cinder.csi.openstack.org': 0 }, full],
    ['Portworx, which has not moved', { portworxVolume: { volumeID: 'd' } }, { 'pxd.portworx.com': 0 }, 'ok'],
    ['host path', { hostPath: { path: '/' } }, { [ebs]: 0 }, 'ok'],
  ])('counts volumes of Pods themselves: %s', (_, own, limits, expected) => {
    const plugin = nodeVolumeLimits(listers({ ...world, csiNodes: [node(limits)] }));
    expect(filterAll(plugin, withVolumes(own), [nodeWith('n', { pods: [user('a')] })])['n']).toBe(expected);
  });

  it('counts Portworx volumes where its driver has taken over', () => {
    const moved = { 'storage.alpha.kubernetes.io/migrated-plugins': 'x,kubernetes.io/portworx-volume' };
    const plugin = nodeVolumeLimits(listers({ csiNodes: [node({ 'pxd.portworx.com': 0 }, moved)] }));
    const target = withVolumes({ portworxVolume: { volumeID: 'd' } });
    expect(filterAll(plugin, target, [nodeWith('n')])['n']).toBe(full);
  });

  const plugin = nodeVolumeLimits(listers({ csiNodes: [node({})] }));
  it.each<[string, CSINode | undefined, CSINode, boolean]>([
    ['came', undefined, node({}), true],
    ['takes more', node({ [ebs]: 1 }), node({ [ebs]: 2 }), true],
    ['has a driver more', node({}), node({ [ebs]: 2 }), true],
    ['takes fewer', node({ [ebs]: 2 }), node({ [ebs]: 1 }), false],
    ['is as before', node({ [ebs]: 1 }), node({ [ebs]: 1 }), false],
  ])('has a Pod tried again when a CSINode %s: %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'Update';
    expect(isTriedAfter(plugin, user('c'), ['CSINode', action], { object, previous })).toBe(expected);
  });

  it.each<[string, Pod, boolean]>([
    ['with a claim', ofPod(placed, uses('x')), true],
    ['with a disk of a kind that is counted', ofPod(placed, aws('x')), true],
    ['without volumes', ofPod(placed), false],
    ['with volumes that are not counted', ofPod(placed, { emptyDir: {} }), false],
    ['without a node', ofPod({}, uses('x')), false],
  ])('has a Pod tried again when one %s went: %s', (_, previous, expected) => {
    expect(isTriedAfter(plugin, user('c'), ['AssignedPod', 'Delete'], { previous })).toBe(expected);
  });

  it.each<[string, Omit<Volume, 'name'>, boolean]>([
    ['it has a claim', uses('c'), true],
    ['it has a disk of that driver', aws('x'), true],
    ['it has a disk of another driver', gce('x'), false],
    ['it has none', { emptyDir: {} }, false],
  ])('has a Pod tried again when a volume was detached, and %s: %s', (_, own, expected) => {
    const previous = {
      metadata: { name: 'a' },
      spec: { attacher: ebs, nodeName: 'n', source: { persistentVolumeName: 'v' } },
    } as VolumeAttachment;
    expect(isTriedAfter(plugin, withVolumes(own), ['VolumeAttachment', 'Delete'], { previous })).toBe(
      expected,
    );
  });
});
