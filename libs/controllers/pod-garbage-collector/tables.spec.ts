import { describe, expect, it } from 'vitest';
import { Node, Pod } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createPodGarbageCollector } from './index.ts';

// The facts of kube-controller-manager's own tables about the Pods that nobody ends.

const startMs = Date.parse('2026-01-01T00:00:00Z');
interface PodFacts {
  readonly going?: boolean;
  readonly reason?: string;
  readonly status?: object;
}
const pod = (name: string, nodeName: string, phase: string, facts: PodFacts = {}, hour = 0): Pod =>
  ({
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      creationTimestamp: new Date(hour * 3_600_000).toISOString(),
      ...(facts.going === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: nodeName === '' ? {} : { nodeName },
    status: { phase, ...(facts.reason === undefined ? {} : { reason: facts.reason }), ...facts.status },
  }) as Pod;
const node = (name: string, ready = 'True', taints: object[] = []): Node =>
  ({
    metadata: { name, uid: name },
    spec: { taints },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  }) as Node;
const started = (terminatedPodThreshold: number) => (deps: Parameters<typeof createPodGarbageCollector>[1]) =>
  createPodGarbageCollector({ terminatedPodThreshold }, deps);
const of = (stage: ReturnType<typeof createStage>, verb: string) =>
  stage.writes
    .filter((write) => write.verb === verb)
    .map(({ name }) => name)
    .sort();
const deletions = (reason: string, count: number) =>
  count === 0 ? {} : { [`pod_gc_collector_force_delete_pods_total{default,${reason}}`]: count };

describe('ended Pods', () => {
  const evicted = { reason: 'Evicted' };
  it.each<[string, [name: string, phase: string, facts?: PodFacts][], number, string[]]>([
    [
      '0 keeps all',
      [
        ['a', 'Failed'],
        ['b', 'Succeeded'],
      ],
      0,
      [],
    ],
    [
      '1 of three',
      [
        ['a', 'Failed'],
        ['b', 'Succeeded'],
        ['c', 'Failed'],
      ],
      1,
      ['a', 'b'],
    ],
    [
      '1 of two, and one runs',
      [
        ['a', 'Running'],
        ['b', 'Succeeded'],
        ['c', 'Failed'],
      ],
      1,
      ['b'],
    ],
    [
      '1 of two',
      [
        ['a', 'Failed'],
        ['b', 'Succeeded'],
      ],
      1,
      ['a'],
    ],
    [
      '5 of two',
      [
        ['a', 'Failed'],
        ['b', 'Succeeded'],
      ],
      5,
      [],
    ],
    [
      '1 of two, the evicted one first',
      [
        ['a', 'Failed'],
        ['b', 'Succeeded'],
        ['c', 'Failed', evicted],
      ],
      1,
      ['a', 'c'],
    ],
    [
      '1 of three, two evicted',
      [
        ['a', 'Failed', evicted],
        ['b', 'Succeeded'],
        ['c', 'Failed', evicted],
      ],
      1,
      ['a', 'c'],
    ],
  ])('%s', async (_title, pods, threshold, deleted) => {
    const stage = createStage({ startMs });
    stage.put(Node, node('node'));
    pods.forEach(([name, phase, facts], at) => stage.put(Pod, pod(name, 'node', phase, facts, at + 1)));
    await stage.play(started(threshold));
    expect(of(stage, 'delete')).toEqual(deleted);
    expect(of(stage, 'patch')).toEqual([]);
    expect(stage.counted).toEqual(deletions('terminated', deleted.length));
    await stage.stop();
  });
});

describe('Pods whose node is gone', () => {
  const quarantine = 40_000;
  const two: [string, string, string][] = [
    ['a', 'existing1', 'Running'],
    ['b', 'existing2', 'Failed'],
    ['c', 'existing2', 'Succeeded'],
  ];
  const none: readonly string[] = [];
  interface Change {
    readonly cache?: readonly string[];
    readonly server?: readonly string[];
    readonly gone?: readonly string[];
  }
  it.each<
    [
      string,
      before: Change,
      delayMs: number,
      Change,
      [string, string, string][],
      deleted: string[],
      patched: string[],
    ]
  >([
    ['nodes that the cache shows', { cache: ['existing1', 'existing2'] }, 2 * quarantine, {}, two, [], []],
    [
      'nodes that only the server knows',
      { server: ['existing1', 'existing2'] },
      2 * quarantine,
      {},
      two,
      [],
      [],
    ],
    [
      'no nodes',
      {},
      2 * quarantine,
      {},
      [
        ['a', 'deleted', 'Failed'],
        ['b', 'deleted', 'Succeeded'],
      ],
      ['a', 'b'],
      [],
    ],
    [
      'no nodes, some Pods not ended',
      {},
      2 * quarantine,
      {},
      [
        ['a', 'deleted', 'Failed'],
        ['b', 'deleted', 'Succeeded'],
        ['c', 'deleted', 'Running'],
        ['d', 'deleted', 'Pending'],
      ],
      ['a', 'b', 'c', 'd'],
      ['c', 'd'],
    ],
    ['too early', {}, quarantine / 2, {}, [['a', 'deleted', 'Failed']], [], []],
    [
      'another node',
      { cache: ['existing'] },
      2 * quarantine,
      {},
      [['a', 'deleted', 'Running']],
      ['a'],
      ['a'],
    ],
    [
      'some nodes',
      { cache: ['existing'] },
      2 * quarantine,
      {},
      [
        ['a', 'deleted', 'Failed'],
        ['b', 'existing', 'Failed'],
        ['c', 'deleted', 'Succeeded'],
        ['d', 'deleted', 'Running'],
      ],
      ['a', 'c', 'd'],
      ['d'],
    ],
    [
      'a node that the server gets',
      {},
      quarantine - 1,
      { server: ['node'] },
      [['a', 'node', 'Running']],
      [],
      [],
    ],
    [
      'a node that the cache gets',
      {},
      quarantine - 1,
      { cache: ['node'] },
      [['a', 'node', 'Failed']],
      [],
      [],
    ],
    [
      'a node that the server loses',
      { server: ['node'] },
      quarantine - 1,
      { server: none, gone: ['node'] },
      [['a', 'node', 'Failed']],
      ['a'],
      [],
    ],
  ])('%s', async (_title, before, delayMs, after, pods, deleted, patched) => {
    const stage = createStage({ startMs });
    const make = ({ cache = [], server = [], gone = [] }: Change) => {
      for (const name of cache) stage.put(Node, node(name));
      for (const name of server) stage.live(Node, name, node(name));
      for (const name of gone) stage.live(Node, name, undefined);
    };
    make(before);
    for (const [name, nodeName, phase] of pods) stage.put(Pod, pod(name, nodeName, phase));
    await stage.play(started(-1));
    expect(stage.told()).toEqual([]);
    await stage.clock.advance(delayMs);
    await stage.settle();
    make(after);
    if (delayMs === quarantine - 1) await stage.clock.advance(quarantine);
    await stage.settle();
    expect([of(stage, 'delete'), of(stage, 'patch')]).toEqual([deleted, patched]);
    expect(stage.counted).toEqual(deletions('orphaned', deleted.length));
    await stage.stop();
  });

  it('a node that goes is waited for', async () => {
    const stage = createStage({ startMs });
    stage.put(Node, node('node'));
    stage.put(Pod, pod('a', 'node', 'Succeeded'));
    await stage.play(started(-1));
    await stage.clock.advance(2 * quarantine);
    stage.remove(Node, node('node'));
    await stage.settle();
    expect(stage.told()).toEqual([]);
    await stage.clock.advance(quarantine);
    await stage.settle();
    expect(stage.told()).toEqual(['delete pods a']);
    await stage.stop();
  });

  it('that cannot be deleted are counted too', async () => {
    const stage = createStage({ startMs, refuse: () => new Error('mock error') });
    stage.put(Pod, pod('a', 'deleted', 'Failed'));
    await stage.play(started(-1));
    await stage.clock.advance(quarantine);
    await stage.settle();
    expect(stage.counted).toEqual({
      ...deletions('orphaned', 1),
      'pod_gc_collector_force_delete_pod_errors_total{default,orphaned}': 1,
    });
    await stage.stop();
  });

  it('are told why, once and for all', async () => {
    const stage = createStage({ startMs });
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'Other', message: 'other' }];
    const one = pod('a', 'deleted', 'Running', { status: { conditions } });
    stage.put(Pod, { ...one, metadata: { ...one.metadata, generation: 3 } });
    await stage.play(started(-1));
    await stage.clock.advance(quarantine);
    await stage.settle();
    const status = (stage.writes.find(({ verb }) => verb === 'patch')?.body as Pod | undefined)?.status;
    expect(status).toMatchObject({ phase: 'Failed', observedGeneration: 3 });
    expect(status?.conditions).toMatchObject([
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
        observedGeneration: 3,
      },
    ]);
    await stage.stop();
  });
});

describe('Pods on their way out', () => {
  type Given = [name: string, phase: string, nodeName: string, going: boolean];
  const dead = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
  const [silent, down, well] = [
    (name: string) => node(name, 'Unknown'),
    (name: string) => node(name, 'False', [dead]),
    (name: string) => node(name, 'True', [dead]),
  ];
  it.each<[string, Given[], Node[], deleted: string[], patched: string[]]>([
    [
      'without node, in any phase',
      [
        ['a', 'Failed', '', true],
        ['b', 'Succeeded', '', true],
        ['c', 'Running', '', true],
      ],
      [],
      ['a', 'b', 'c'],
      ['c'],
    ],
    [
      'none of these',
      [
        ['a', 'Failed', '', false],
        ['b', 'Succeeded', 'node', false],
        ['c', 'Running', 'node', true],
      ],
      [node('node')],
      [],
      [],
    ],
    [
      'on a node that is well',
      [
        ['a', 'Failed', 'node', true],
        ['b', 'Succeeded', 'node', true],
        ['c', 'Running', 'node', true],
      ],
      [well('node')],
      [],
      [],
    ],
    [
      'on a node that is silent',
      [
        ['a', 'Failed', 'node', true],
        ['b', 'Succeeded', 'node', true],
        ['c', 'Running', 'node', true],
      ],
      [silent('node')],
      [],
      [],
    ],
    [
      'on a node that is declared dead',
      [
        ['a', 'Failed', 'node', true],
        ['b', 'Succeeded', 'node', true],
        ['c', 'Running', 'node', true],
        ['d', 'Running', 'node', false],
      ],
      [down('node')],
      ['a', 'b', 'c'],
      ['c'],
    ],
    [
      'on one node of two',
      [
        ['a', 'Failed', 'one', true],
        ['b', 'Running', 'two', true],
        ['c', 'Running', 'one', true],
      ],
      [down('one'), silent('two')],
      ['a', 'c'],
      ['c'],
    ],
  ])('%s', async (_title, pods, nodes, deleted, patched) => {
    const stage = createStage({ startMs });
    for (const one of nodes) stage.put(Node, one);
    for (const [name, phase, nodeName, going] of pods) stage.put(Pod, pod(name, nodeName, phase, { going }));
    await stage.play(started(-1));
    expect([of(stage, 'delete'), of(stage, 'patch')]).toEqual([deleted, patched]);
    for (const { verb, body } of stage.writes) {
      if (verb === 'delete') expect(body).toMatchObject({ gracePeriodSeconds: 0 });
      else expect((body as Pod).status).toEqual({ phase: 'Failed' });
    }
    const reason = nodes.length > 0 ? 'out-of-service' : 'unscheduled';
    expect(stage.counted).toEqual(deletions(reason, deleted.length));
    await stage.stop();
  });
});
