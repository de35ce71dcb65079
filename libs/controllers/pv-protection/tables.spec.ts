import { expect, it } from 'vitest';
import { PersistentVolume } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createPvProtectionController } from './index.ts';

// The facts of kube-controller-manager's own table about the finalizer of volumes.

const finalizer = 'kubernetes.io/pv-protection';
const volume = (held: boolean, deleted: boolean, phase?: string): PersistentVolume => ({
  metadata: {
    name: 'v',
    finalizers: held ? ['mine/one', finalizer] : ['mine/one'],
    ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  ...(phase === undefined ? {} : { status: { phase } }),
});
const added = ['mine/one', finalizer];
const removed = ['mine/one'];

it.each<[string, PersistentVolume, fails: number, patches: string[][]]>([
  ['none: it is added', volume(false, false), 0, [added]],
  ['one that is there', volume(true, false), 0, []],
  ['one of a bound volume', volume(true, false, 'Bound'), 0, []],
  ['one that could not be added is tried again', volume(false, false), 2, [added, added, added]],
  ['one of a deleted volume goes', volume(true, true), 0, [removed]],
  ['one that could not be removed is tried again', volume(true, true), 2, [removed, removed, removed]],
  ['one of a deleted volume that is bound stays', volume(true, true, 'Bound'), 0, []],
  ['one of a deleted volume is never added', volume(false, true), 0, []],
])('%s', async (_title, shown, fails, patches) => {
  let tried = 0;
  const stage = createStage({ refuse: () => (++tried <= fails ? new Error('mock error') : undefined) });
  stage.put(PersistentVolume, shown);
  await stage.play(createPvProtectionController);
  for (let turn = 0; turn < 4; turn++) {
    await stage.clock.advance(50);
    await stage.settle();
  }
  expect(stage.writes.map(({ body }) => (body as PersistentVolume).metadata.finalizers)).toEqual(patches);
  expect(stage.told()).toEqual(patches.map(() => 'patch persistentvolumes v'));
  expect(stage.errors).toHaveLength(fails);
  await stage.stop();
});
