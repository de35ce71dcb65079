import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '@drydock/base/clock';
import type { Lease } from '@drydock/api/coordination/v1';
import type { Node, NodeCondition, Taint } from '@drydock/api/core/v1';
import { assessHealth, type NodeHealth } from './health.ts';
import { createRatedQueue } from './rated-queue.ts';
import {
  applyTaints,
  labelsToMirror,
  noExecuteChange,
  noScheduleChange,
  notReadyTaint,
  unreachableTaint,
} from './taints.ts';
import {
  assessDisruption,
  defaultEvictionRates,
  evictionRate,
  zoneOf,
  zoneState,
  type ZoneState,
} from './zones.ts';

// The facts of kube-controller-manager's own tables about the life of nodes.

const createdMs = Date.parse('2012-01-01T00:00:00Z');
const at = (seconds: number) => new Date(createdMs + seconds * 1000).toISOString().replace('.000', '');
const grace = { monitorMs: 40_000, startupMs: 60_000 };

function node(conditions: NodeCondition[] = [], more: object = {}): Node {
  return { metadata: { name: 'n', creationTimestamp: at(0) }, spec: {}, status: { conditions }, ...more };
}
const condition = (type: string, status: string, seconds = 0): NodeCondition => ({
  type,
  status,
  lastHeartbeatTime: at(seconds),
  lastTransitionTime: at(0),
});
const lease = (seconds: number) => ({ metadata: {}, spec: { renewTime: at(seconds) } }) as Lease;
const known = (probe: number, ready?: NodeCondition, renewed?: number): NodeHealth => ({
  ready,
  renewTime: renewed === undefined ? undefined : at(renewed),
  probeMs: createdMs + probe * 1000,
});

describe('signs of life', () => {
  const ready = (seconds = 0) => condition('Ready', 'True', seconds);
  it.each<
    [
      string,
      Node,
      Lease | undefined,
      NodeHealth | undefined,
      now: number,
      probe: number,
      status: string | undefined,
    ]
  >([
    ['new and silent', node(), undefined, undefined, 30, 0, undefined],
    ['silent since it was made', node(), undefined, undefined, 61, 0, 'Unknown'],
    ['silent to the very end of its time', node(), undefined, known(0), 60, 0, undefined],
    ['seen for the first time', node([ready()]), undefined, undefined, 1000, 1000, 'True'],
    ['it spoke a while ago', node([ready()]), undefined, known(0, ready()), 40, 0, 'True'],
    ['it spoke too long ago', node([ready()]), undefined, known(0, ready()), 41, 0, 'Unknown'],
    ['it has spoken again', node([ready(35)]), undefined, known(0, ready()), 41, 41, 'True'],
    ['it speaks for the first time', node([ready(1)]), undefined, known(0), 50, 50, 'True'],
    ['its lease was renewed', node([ready()]), lease(35), known(0, ready(), 20), 41, 41, 'True'],
    ['its lease is seen for the first time', node([ready()]), lease(0), known(0, ready()), 41, 41, 'True'],
    ['its lease was not renewed', node([ready()]), lease(20), known(0, ready(), 20), 41, 0, 'Unknown'],
    ['its lease went', node([ready()]), undefined, known(0, ready(), 20), 41, 0, 'Unknown'],
    [
      'a lease keeps one alive that never reported',
      node(),
      lease(50),
      known(0, undefined, 20),
      61,
      61,
      undefined,
    ],
    ['what it said was taken away', node(), undefined, known(10, ready()), 65, 10, undefined],
    [
      'it says that it is not ready',
      node([condition('Ready', 'False')]),
      undefined,
      known(0, condition('Ready', 'False')),
      41,
      0,
      'Unknown',
    ],
    [
      'it was lost before',
      node([condition('Ready', 'Unknown')]),
      undefined,
      known(0, condition('Ready', 'Unknown')),
      400,
      0,
      'Unknown',
    ],
  ])('%s', (_title, one, leased, before, now, probe, status) => {
    const found = assessHealth(one, leased, before, createdMs + now * 1000, grace);
    expect((found.health.probeMs - createdMs) / 1000).toBe(probe);
    expect(found.current?.status).toBe(status);
    const lost = status === 'Unknown';
    expect(found.lostAtMs === undefined).toBe(lost);
    expect(found.conditions !== undefined).toBe(lost && one.status?.conditions?.[0]?.status !== 'Unknown');
  });

  it('tells what a lost node does not say any more, and what it never said', () => {
    const present = [
      condition('Ready', 'True'),
      condition('DiskPressure', 'False'),
      condition('NetworkUnavailable', 'False'),
    ];
    const { conditions, observed } = assessHealth(
      node(present),
      undefined,
      known(0, present[0]),
      createdMs + 3_600_000,
      grace,
    );
    const lost = {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: at(3600),
    };
    const never = {
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: at(0),
      lastTransitionTime: at(3600),
    };
    expect(conditions).toEqual([
      { ...present[0], ...lost },
      { ...present[1], ...lost },
      present[2],
      { type: 'MemoryPressure', ...never },
      { type: 'PIDPressure', ...never },
    ]);
    expect(observed.status).toBe('True');
  });

  it('counts a node that never reported as unknown since it was made', () => {
    const { observed, conditions } = assessHealth(node(), undefined, undefined, createdMs + 61_000, grace);
    expect(observed).toEqual({
      type: 'Ready',
      status: 'Unknown',
      lastHeartbeatTime: at(0),
      lastTransitionTime: at(0),
    });
    expect(conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual(
      ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map(
        (type) => `${type} NodeStatusNeverUpdated`,
      ),
    );
  });
});

describe('zones', () => {
  it.each<[ready: number, lost: number, ZoneState, rate: number]>([
    [3, 0, 'normal', 0.1],
    [2, 1, 'normal', 0.1],
    [1, 1, 'normal', 0.1],
    [1, 2, 'normal', 0.1],
    [0, 1, 'full-disruption', 0.1],
    [0, 3, 'full-disruption', 0.1],
    [2, 3, 'partial-disruption', 0],
    [1, 3, 'partial-disruption', 0],
    [9, 11, 'partial-disruption', 0],
    [10, 11, 'normal', 0.1],
    [20, 30, 'partial-disruption', 0],
    [20, 31, 'partial-disruption', 0.01],
    [46, 54, 'normal', 0.1],
    [45, 55, 'partial-disruption', 0.01],
  ])('%d ready and %d lost: %s, %d a second', (ready, lost, state, rate) => {
    const found = zoneState(ready, lost, defaultEvictionRates);
    expect(found).toBe(state);
    expect(evictionRate(found, ready + lost, defaultEvictionRates)).toBe(rate);
  });

  const counts = (zones: Record<string, [ready: number, notReady: number]>) =>
    new Map(Object.entries(zones).map(([zone, [ready, notReady]]) => [zone, { ready, notReady }]));
  const full: ZoneState = 'full-disruption';
  it.each<
    [
      string,
      Record<string, ZoneState>,
      Record<string, [number, number]>,
      Record<string, ZoneState>,
      Record<string, number>,
      'enters' | 'leaves' | undefined,
    ]
  >([
    ['all is well', { a: 'normal' }, { a: [2, 0] }, { a: 'normal' }, {}, undefined],
    ['a first look', {}, { a: [2, 0] }, { a: 'normal' }, { a: 0.1 }, undefined],
    [
      'one zone of two goes down',
      { a: 'normal', b: 'normal' },
      { a: [0, 2], b: [2, 0] },
      { a: full, b: 'normal' },
      { a: 0.1 },
      undefined,
    ],
    [
      'both zones go down',
      { a: 'normal', b: 'normal' },
      { a: [0, 2], b: [0, 2] },
      { a: full, b: full },
      { a: 0, b: 0 },
      'enters',
    ],
    ['the only zone goes down', { a: 'normal' }, { a: [0, 1] }, { a: full }, { a: 0 }, 'enters'],
    [
      'the other zone follows',
      { a: full, b: 'normal' },
      { a: [0, 2], b: [0, 2] },
      { a: full, b: full },
      { a: 0, b: 0 },
      'enters',
    ],
    ['all stay down', { a: full, b: full }, { a: [0, 2], b: [0, 2] }, { a: full, b: full }, {}, undefined],
    [
      'one comes back',
      { a: full, b: full },
      { a: [0, 2], b: [2, 0] },
      { a: full, b: 'normal' },
      { a: 0.1, b: 0.1 },
      'leaves',
    ],
    ['partly down', { a: 'normal' }, { a: [1, 3] }, { a: 'partial-disruption' }, { a: 0 }, undefined],
    [
      'a zone that comes when all are down',
      { a: full },
      { a: [0, 1], b: [1, 0] },
      { a: full, b: 'normal' },
      { b: 0.1 },
      undefined,
    ],
    [
      'a zone that went was the only one up',
      { a: full, b: 'normal' },
      { a: [0, 1] },
      { a: full },
      {},
      undefined,
    ],
    ['no nodes', { a: 'normal' }, {}, {}, {}, undefined],
  ])('%s', (_title, before, zones, states, rates, turn) => {
    const found = assessDisruption(new Map(Object.entries(before)), counts(zones), defaultEvictionRates);
    expect(Object.fromEntries(found.states)).toEqual(states);
    expect(Object.fromEntries(found.rates)).toEqual(rates);
    expect([found.entersMasterDisruption, found.leavesMasterDisruption]).toEqual([
      turn === 'enters',
      turn === 'leaves',
    ]);
  });

  it.each<[Record<string, string>, string]>([
    [{}, ''],
    [{ 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' }, 'r:\u0000:z'],
    [{ 'topology.kubernetes.io/zone': 'z' }, ':\u0000:z'],
    [
      { 'failure-domain.beta.kubernetes.io/region': 'r', 'failure-domain.beta.kubernetes.io/zone': 'z' },
      'r:\u0000:z',
    ],
  ])('a node labelled %j is in %j', (labels, expected) => {
    expect(zoneOf({ metadata: { labels } })).toBe(expected);
  });
});

describe('taints', () => {
  const keys = (taints: readonly Taint[]) => taints.map(({ key }) => key.replace('node.kubernetes.io/', ''));
  it.each<[string, NodeCondition[], boolean, string[], string[], string[]]>([
    ['nothing', [condition('Ready', 'True')], false, [], [], []],
    ['not ready', [condition('Ready', 'False')], false, [], ['not-ready'], []],
    ['unknown', [condition('Ready', 'Unknown')], false, ['not-ready'], ['unreachable'], ['not-ready']],
    [
      'under pressure',
      [
        condition('Ready', 'True'),
        condition('MemoryPressure', 'True'),
        condition('DiskPressure', 'True'),
        condition('PIDPressure', 'True'),
      ],
      false,
      [],
      ['memory-pressure', 'disk-pressure', 'pid-pressure'],
      [],
    ],
    [
      'pressure that nobody knows of',
      [condition('MemoryPressure', 'Unknown')],
      false,
      ['memory-pressure'],
      [],
      ['memory-pressure'],
    ],
    ['without network', [condition('NetworkUnavailable', 'True')], false, [], ['network-unavailable'], []],
    ['cordoned', [condition('Ready', 'True')], true, [], ['unschedulable'], []],
    ['cordoned before', [condition('Ready', 'True')], false, ['unschedulable'], [], ['unschedulable']],
    ['as it is', [condition('Ready', 'False')], true, ['not-ready', 'unschedulable'], [], []],
    ['somebody else put', [condition('Ready', 'True')], false, ['gpu'], [], []],
  ])('%s', (_title, conditions, unschedulable, present, add, remove) => {
    const taints = present.map((key): Taint => ({
      key: key === 'gpu' ? key : `node.kubernetes.io/${key}`,
      effect: 'NoSchedule',
    }));
    const change = noScheduleChange(node(conditions, { spec: { unschedulable, taints } }));
    expect([keys(change.add), keys(change.remove)]).toEqual([add, remove]);
  });

  it.each([
    ['True', undefined],
    [undefined, undefined],
    ['False', { add: [notReadyTaint], remove: [unreachableTaint] }],
    ['Unknown', { add: [unreachableTaint], remove: [notReadyTaint] }],
  ])('a node whose Ready is %s', (status, expected) => {
    expect(noExecuteChange(status)).toEqual(expected);
  });

  const [a, b]: Taint[] = [
    { key: 'a', value: '1', effect: 'NoSchedule' },
    { key: 'a', value: '2', effect: 'NoExecute' },
  ];
  it.each<[string, Taint[], Taint[], Taint[], Taint[] | undefined]>([
    ['one goes', [a!, b!], [], [b!], [a!]],
    ['one that is not there', [a!], [], [b!], undefined],
    ['one that is there with another value', [a!], [{ ...a!, value: '3' }], [], undefined],
    ['one comes', [a!], [b!], [], [a!, { ...b!, timeAdded: at(5) }]],
    ['one for another', [a!], [b!], [a!], [{ ...b!, timeAdded: at(5) }]],
    ['all go', [a!, b!], [], [a!, b!], []],
  ])('%s', (_title, present, add, remove, expected) => {
    expect(applyTaints(present, { add, remove }, createdMs + 5000)).toEqual(expected);
  });

  const names = {
    os: ['kubernetes.io/os', 'beta.kubernetes.io/os'],
    arch: ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
  };
  it.each<[Record<string, string>, Record<string, string> | undefined]>([
    [{}, undefined],
    [
      { [names.os[0]!]: 'linux', [names.arch[0]!]: 'arm64' },
      { [names.os[1]!]: 'linux', [names.arch[1]!]: 'arm64' },
    ],
    [{ [names.os[0]!]: 'linux', [names.os[1]!]: 'linux' }, undefined],
    [{ [names.os[0]!]: 'linux', [names.os[1]!]: 'windows' }, { [names.os[1]!]: 'linux' }],
    [{ [names.os[1]!]: 'windows' }, undefined],
  ])('old names of labels: %j', (labels, expected) => {
    expect(labelsToMirror({ metadata: { labels } })).toEqual(expected);
  });
});

describe('turns', () => {
  const start = (perSecond: number) => {
    const clock = createVirtualClock({ startMs: 0 });
    const taken: string[] = [];
    const queue = createRatedQueue(clock, perSecond, (name) => taken.push(`${name}@${clock.now() / 1000}`));
    return { clock, taken, queue };
  };

  it('come one by one, so many a second, each name once', async () => {
    const { clock, taken, queue } = start(0.1);
    for (const name of ['a', 'b', 'a', 'c']) queue.add(name);
    await clock.advance(25_000);
    expect(taken).toEqual(['a@0', 'b@10', 'c@20']);
    expect(queue.add('a')).toBe(false);
    expect(queue.remove('a')).toBe(true);
    expect(queue.remove('a')).toBe(false);
    expect(queue.add('a')).toBe(true);
    await clock.advance(10_000);
    expect(taken).toEqual(['a@0', 'b@10', 'c@20', 'a@30']);
  });

  it('pass over what was removed', async () => {
    const { clock, taken, queue } = start(1);
    for (const name of ['a', 'b', 'c']) queue.add(name);
    queue.remove('b');
    await clock.advance(5000);
    expect(taken).toEqual(['a@0', 'c@1']);
  });

  it('stop at a rate of 0, and go on at another', async () => {
    const { clock, taken, queue } = start(1);
    queue.add('a');
    queue.setRate(0);
    queue.add('b');
    await clock.advance(60_000);
    expect(taken).toEqual(['a@0']);
    queue.setRate(0.5);
    await clock.advance(2000);
    expect(taken).toEqual(['a@0', 'b@62']);
  });
});
