import { describe, expect, it } from 'vitest';
import { Node, Pod, type Taint, type Toleration } from '@drydock/api/core/v1';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createTaintEvictionController } from './index.ts';

// The facts of kube-controller-manager's own tables about Pods on tainted nodes.

const now = '2026-01-01T00:00:00Z';
const taint = (index: number): Taint => ({
  key: `testTaint${index}`,
  value: `test${index}`,
  effect: 'NoExecute',
  timeAdded: now,
});
/** One that lasts for ever where no seconds are told. */
const tolerates = (index: number, tolerationSeconds?: number): Toleration => ({
  key: `testTaint${index}`,
  value: `test${index}`,
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
const node = (...indexes: number[]): Node => ({
  metadata: { name: 'node1', uid: 'node1' },
  spec: { taints: indexes.map(taint) },
});
const pod = (name: string, nodeName: string, ...tolerations: Toleration[]): Pod =>
  ({
    metadata: { name, namespace: 'default', uid: name },
    spec: { tolerations, ...(nodeName === '' ? {} : { nodeName }) },
  }) as Pod;
const gone = (stage: Stage) => stage.writes.filter(({ verb }) => verb === 'delete').map(({ name }) => name);
async function begun(...objects: (Node | Pod)[]): Promise<Stage> {
  const stage = createStage({ startMs: Date.parse(now) });
  show(stage, ...objects);
  await stage.play(createTaintEvictionController);
  return stage;
}
function show(stage: Stage, ...objects: (Node | Pod)[]) {
  for (const one of objects) {
    if (one.metadata.namespace === undefined) stage.put(Node, one as Node);
    else stage.put(Pod, one as Pod);
  }
}
const pass = async (stage: Stage, ms: number) => {
  await stage.clock.advance(ms);
  await stage.settle();
};

it.each<[string, Pod, Node, boolean]>([
  ['that has no node', pod('pod1', ''), node(1), false],
  ['on a node without taint', pod('pod1', 'node1'), node(), false],
  ['on a tainted node', pod('pod1', 'node1'), node(1), true],
  ['that tolerates it for a while', pod('pod1', 'node1', tolerates(1, 100)), node(1), false],
  ['that tolerates it for ever', pod('pod1', 'node1', tolerates(1)), node(1), false],
  ['that tolerates something else', pod('pod1', 'node1', tolerates(2)), node(1), true],
])('a new Pod %s', async (_title, one, on, goes) => {
  const stage = await begun(on);
  show(stage, one);
  await stage.settle();
  expect(gone(stage)).toEqual(goes ? ['pod1'] : []);
  const status = (stage.writes[0]?.body as Pod | undefined)?.status;
  if (goes)
    expect(status?.conditions).toMatchObject([
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
      },
    ]);
  expect(stage.events).toEqual(
    goes ? ['Normal TaintManagerEviction Marking for deletion Pod default/pod1'] : [],
  );
  expect(stage.counted).toEqual(
    goes
      ? {
          taint_eviction_controller_pod_deletions_total: 1,
          taint_eviction_controller_pod_deletion_duration_seconds: 1,
        }
      : {},
  );
  await stage.stop();
});

it.each<[string, Pod, Pod, boolean]>([
  ['gets a tainted node', pod('pod1', ''), pod('pod1', 'node1'), true],
  ['gets one that it tolerates', pod('pod1', '', tolerates(1)), pod('pod1', 'node1', tolerates(1)), false],
  ['tolerates it no more', pod('pod1', 'node1', tolerates(1, 100)), pod('pod1', 'node1'), true],
  [
    'tolerates it for longer: too late',
    pod('pod1', 'node1', tolerates(1, 1)),
    pod('pod1', 'node1', tolerates(1, 100)),
    true,
  ],
])('a Pod that %s', async (_title, before, after, goes) => {
  const stage = await begun(node(1), before);
  expect(gone(stage)).toEqual([]);
  show(stage, after);
  await stage.settle();
  await pass(stage, 1500);
  expect(gone(stage)).toEqual(goes ? ['pod1'] : []);
  await stage.stop();
});

it.each<[string, Pod, Node, boolean]>([
  ['without taint', pod('pod1', 'node1'), node(), false],
  ['with a taint', pod('pod1', 'node1'), node(1), true],
  ['with a taint that is tolerated', pod('pod1', 'node1', tolerates(1)), node(1), false],
])('a new node of a Pod, %s', async (_title, one, on, goes) => {
  const stage = await begun(one);
  show(stage, on);
  await stage.settle();
  expect(gone(stage)).toEqual(goes ? ['pod1'] : []);
  await stage.stop();
});

it.each<[string, Pod, Node, Node, boolean]>([
  ['a taint', pod('pod1', 'node1'), node(), node(1), true],
  ['a taint that is tolerated', pod('pod1', 'node1', tolerates(1, 100)), node(), node(1), false],
  ['two, of which one is tolerated', pod('pod1', 'node1', tolerates(1, 100)), node(), node(1, 2), true],
  ['none any more', pod('pod1', 'node1', tolerates(1, 1)), node(1), node(), false],
  [
    'two that are tolerated for different times',
    pod('pod1', 'node1', tolerates(1, 1), tolerates(2, 100)),
    node(),
    node(1, 2),
    true,
  ],
])('a node gets %s', async (_title, one, before, after, goes) => {
  const stage = await begun(before, one);
  expect(gone(stage)).toEqual([]);
  show(stage, after);
  await stage.settle();
  await pass(stage, 1500);
  expect(gone(stage)).toEqual(goes ? ['pod1'] : []);
  await stage.stop();
});

describe('news of a node', () => {
  it('plan an eviction and call it off', async () => {
    const stage = await begun(node(), pod('pod1', 'node1', tolerates(1), tolerates(2, 60)));
    const cancelled = 'Normal TaintManagerEviction Cancelling deletion of Pod default/pod1';
    for (const [taints, events] of [
      [[1], []],
      [[1, 2], []],
      [[1], [cancelled]],
    ] as [number[], string[]][]) {
      show(stage, node(...taints));
      await stage.settle();
      expect(stage.events).toEqual(events);
    }
    await pass(stage, 120_000);
    expect(stage.told()).toEqual([]);
    await stage.stop();
  });

  it.each<[string, number[], Record<string, number>]>([
    ['at their times', [1], { pod1: 0, pod2: 1000 }],
    ['all that do not tolerate all at once', [1, 2], { pod1: 0, pod2: 0, pod3: 0 }],
  ])('make several Pods go, %s', async (_title, taints, times) => {
    const stage = await begun(
      node(),
      pod('pod1', 'node1'),
      pod('pod2', 'node1', tolerates(1, 1)),
      pod('pod3', 'node1', tolerates(1)),
    );
    show(stage, node(...taints));
    await stage.settle();
    const at = (ms: number) =>
      Object.keys(times)
        .filter((name) => (times[name] ?? 0) <= ms)
        .sort();
    expect(gone(stage).sort()).toEqual(at(0));
    await pass(stage, 999);
    expect(gone(stage).sort()).toEqual(at(999));
    await pass(stage, 1);
    expect(gone(stage).sort()).toEqual(at(1000));
    await pass(stage, 100_000);
    expect(gone(stage).sort()).toEqual(at(101_000));
    await stage.stop();
  });

  it.each<[string, before: Pod | undefined, after: Pod, boolean]>([
    ['one that gets the node', pod('pod2', ''), pod('pod2', 'node1'), true],
    [
      'one that gets the node and tolerates it',
      pod('pod2', '', tolerates(1, 100)),
      pod('pod2', 'node1', tolerates(1, 100)),
      false,
    ],
    ['one that is new', undefined, pod('pod2', 'node1'), true],
    ['one that is new and tolerates it', undefined, pod('pod2', 'node1', tolerates(1, 100)), false],
  ])('come before those of a Pod: %s', async (_title, before, after, goes) => {
    const stage = await begun(node(), pod('pod1', 'node1'), ...(before === undefined ? [] : [before]));
    show(stage, node(1));
    await stage.settle();
    expect(gone(stage)).toEqual(['pod1']);
    show(stage, after);
    await stage.settle();
    expect(gone(stage)).toEqual(goes ? ['pod1', 'pod2'] : ['pod1']);
    await stage.stop();
  });

  it('that it is gone call nothing off', async () => {
    const stage = await begun(node(1), pod('pod1', 'node1', tolerates(1, 10)));
    stage.remove(Node, node(1));
    await stage.settle();
    await pass(stage, 9999);
    expect(gone(stage)).toEqual([]);
    await pass(stage, 1);
    expect(gone(stage)).toEqual(['pod1']);
    await stage.stop();
  });
});

it.each([
  ['goes at once', false],
  ['goes by and by', true],
])('a Pod that %s by itself is not waited for', async (_title, slowly) => {
  const one = pod('pod1', 'node1', tolerates(1, 10));
  const stage = await begun(node(1), one);
  if (slowly) {
    show(stage, { ...one, metadata: { ...one.metadata, deletionTimestamp: now } });
    await stage.settle();
    expect(stage.events).toEqual([]);
  }
  stage.remove(Pod, one);
  await stage.settle();
  expect(stage.events).toEqual(['Normal TaintManagerEviction Cancelling deletion of Pod default/pod1']);
  await pass(stage, 20_000);
  expect(stage.told()).toEqual([]);
  await stage.stop();
});
