import { expect, it } from 'vitest';
import { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createPvcProtectionController } from './index.ts';

// The facts of kube-controller-manager's own table about the finalizer of claims.

const finalizer = 'kubernetes.io/pvc-protection';
const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const claim = (held: boolean, deleted: boolean, more: object = {}): PersistentVolumeClaim => ({
  metadata: {
    name: 'pvc1',
    namespace: 'default',
    finalizers: held ? [finalizer] : [],
    ...(deleted ? going : {}),
    ...more,
  },
});
const named = (claimName: string) => ({ name: claimName, persistentVolumeClaim: { claimName } });
interface PodFacts {
  readonly phase?: string;
  readonly uid?: string;
  readonly unscheduled?: boolean;
  readonly volumes?: object[];
  readonly metadata?: object;
}
const pod = ({ phase = 'Pending', uid = 'uid1', unscheduled = false, volumes, metadata }: PodFacts = {}) =>
  ({
    metadata: { name: 'pod1', namespace: 'default', uid, ...metadata },
    spec: { volumes: volumes ?? [named('pvc1')], ...(unscheduled ? {} : { nodeName: 'node1' }) },
    status: { phase },
  }) as Pod;
const emptyDir = { name: 'emptyDir', emptyDir: {} };
const [held, free, wanted, unwanted] = [
  claim(true, false),
  claim(false, false),
  claim(true, true),
  claim(false, true),
];

async function played(fails: number, act: (stage: ReturnType<typeof createStage>) => Promise<void>) {
  let tried = 0;
  const stage = createStage({ refuse: () => (++tried <= fails ? new Error('mock error') : undefined) });
  await act(stage);
  for (let turn = 0; turn < 4; turn++) {
    await stage.clock.advance(50);
    await stage.settle();
  }
  const finalizers = stage.writes.map(({ body }) => (body as PersistentVolumeClaim).metadata.finalizers);
  expect(stage.told()).toEqual(finalizers.map(() => 'patch persistentvolumeclaims pvc1'));
  expect(stage.errors).toHaveLength(fails);
  await stage.stop();
  return finalizers;
}
const [added, removed] = [[finalizer], []];

it.each<[string, PersistentVolumeClaim, pods: Pod[], fails: number, expected: string[][]]>([
  ['none: it is added', free, [], 0, [added]],
  ['one that is there', held, [], 0, []],
  ['one that could not be added is tried again', free, [], 2, [added, added, added]],
  ['one of a deleted claim goes', wanted, [], 0, [removed]],
  ['one that could not be removed is tried again', wanted, [], 2, [removed, removed, removed]],
  ['one stays while a Pod is there', wanted, [pod()], 0, []],
  [
    'one goes though a Pod uses another claim',
    wanted,
    [pod({ volumes: [named('other'), emptyDir] })],
    0,
    [removed],
  ],
  ['one stays while a Pod that ended is there', wanted, [pod({ phase: 'Failed' })], 0, []],
  ['one of a deleted claim is never added', unwanted, [], 0, []],
])('%s', async (_title, shown, pods, fails, expected) => {
  const found = await played(fails, async (stage) => {
    for (const one of pods) stage.put(Pod, one);
    stage.put(PersistentVolumeClaim, shown);
    await stage.play(createPvcProtectionController);
  });
  expect(found).toEqual(expected);
});

it('one stays while a Pod is there that the cache does not show yet', async () => {
  const found = await played(0, async (stage) => {
    stage.put(PersistentVolumeClaim, wanted);
    // The cache has listed nothing; what is asked of the server now shows the Pod.
    stage.hide(Pod);
    stage.put(Pod, pod());
    await stage.play(createPvcProtectionController);
  });
  expect(found).toEqual([]);
});

it.each<
  [string, PersistentVolumeClaim, before: Pod | undefined, after: Pod | undefined, expected: string[][]]
>([
  ['a Pod runs', wanted, pod(), pod({ phase: 'Running' }), []],
  ['a Pod ends', wanted, pod({ phase: 'Running' }), pod({ phase: 'Succeeded' }), []],
  ['a Pod without node', wanted, pod(), pod({ unscheduled: true }), [removed]],
  ['a Pod goes', wanted, pod({ phase: 'Running' }), undefined, [removed]],
  ['a Pod is shut down', wanted, pod(), pod({ metadata: { ...going, deletionGracePeriodSeconds: 0 } }), []],
  ['another Pod of the name does not use it', wanted, pod(), pod({ uid: 'uid2', volumes: [] }), [removed]],
  [
    'another Pod of the name, and nobody deletes the claim',
    held,
    pod(),
    pod({ uid: 'uid2', volumes: [] }),
    [],
  ],
  ['another Pod of the name uses it', wanted, pod(), pod({ uid: 'uid2' }), []],
])('news of Pods: %s', async (_title, shown, before, after, expected) => {
  const found = await played(0, async (stage) => {
    stage.put(PersistentVolumeClaim, shown);
    if (before !== undefined) stage.put(Pod, before);
    await stage.play(createPvcProtectionController);
    expect(stage.told()).toEqual([]);
    if (after !== undefined) stage.put(Pod, after);
    else if (before !== undefined) stage.remove(Pod, before);
    await stage.settle();
  });
  expect(found).toEqual(expected);
});

it('a Pod that gets a node keeps the claim', async () => {
  const found = await played(0, async (stage) => {
    stage.put(PersistentVolumeClaim, held);
    stage.put(Pod, pod({ unscheduled: true }));
    await stage.play(createPvcProtectionController);
    stage.put(Pod, pod());
    stage.put(PersistentVolumeClaim, wanted);
    await stage.settle();
  });
  expect(found).toEqual([]);
});
