import { expect, it } from 'vitest';
import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createPersistentVolumeExpander } from './index.ts';

// The facts of kube-controller-manager's own table about who makes a volume larger.

const claim = (volumeName: string, has = '5Gi', phase = 'Bound'): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'default', uid: 'claim' },
  spec: { volumeName, resources: { requests: { storage: '10Gi' } } },
  status: { phase, capacity: { storage: has } },
});
const volume = (driver: string, uid = 'claim', has = '5Gi'): PersistentVolume =>
  ({
    metadata: { name: 'v', uid: 'v' },
    spec: {
      capacity: { storage: has },
      claimRef: { namespace: 'default', name: 'c', uid },
      csi: { driver, volumeHandle: 'v' },
    },
  }) as PersistentVolume;
const [ours, theirs] = ['simulated.drydock.dev', 'com.csi.ceph'];
const done = 'Normal VolumeResizeSuccessful ExpandVolume succeeded for volume default/c';
const wait = 'Normal ExternalExpanding waiting for an external controller to expand this PVC';
const [first, second] = ['update persistentvolumes v', 'update persistentvolumeclaims/status c'];

it.each<[string, PersistentVolumeClaim, PersistentVolume | undefined, writes: string[], events: string[]]>([
  ['a claim without volume', claim(''), undefined, [], []],
  ['a claim whose volume is gone', claim('v'), undefined, [], []],
  ['a claim that is not bound', claim('v', '5Gi', 'Pending'), volume(ours), [], []],
  ['a claim that has enough', claim('v', '10Gi'), volume(ours), [], []],
  ['a volume of another claim', claim('v'), volume(ours, 'another'), [], []],
  ['a simulated volume', claim('v'), volume(ours), [first, second], [done]],
  ['a simulated volume that is larger', claim('v'), volume(ours, 'claim', '20Gi'), [second], [done]],
  ['a volume of another driver', claim('v'), volume(theirs), [], [wait]],
])('%s', async (_title, of, from, writes, events) => {
  const stage = createStage();
  if (from !== undefined) stage.put(PersistentVolume, from);
  stage.put(PersistentVolumeClaim, of);
  await stage.play(createPersistentVolumeExpander);
  expect([stage.told(), stage.events]).toEqual([writes, events]);
  const status = (stage.writes.at(-1)?.body as PersistentVolumeClaim | undefined)?.status;
  if (writes.includes(second)) expect(status?.capacity).toEqual({ storage: '10Gi' });
  expect(stage.errors).toEqual([]);
  await stage.stop();
});
