import type { PodDisruptionBudget } from '@drydock/api/policy/v1';
import { describe, expect, it } from 'vitest';
import type { PodInfo } from '../framework/index.ts';
import { info, nodeWith, type PodShape } from '../framework/testing.spec-support.ts';
import { pickCandidate, splitByBudgets } from '../plugins/index.ts';
import { attempt, nowMs, outcome, type PreemptionWorld } from './preemption.spec-support.ts';

// The facts of kube-scheduler's own tables about preemption.

const low = 0;
const mid = 100;
const high = 1000;
/** Tenths of what a node has. */
const size = (tenths: number) => ({ cpu: `${tenths * 100}m`, memory: `${tenths * 100}` });
const at = (hours: number) => new Date(nowMs - hours * 3_600_000).toISOString();

/** A Pod by its name, importance, size and age. */
function is(name: string, priority: number, tenths: number, hours = 1, more: PodShape = {}): PodInfo {
  return info({
    name,
    requests: tenths === 0 ? {} : size(tenths),
    ...more,
    spec: { ...more.spec, priority, ...more.spec },
    status: { startTime: at(hours), ...more.status },
  });
}
const node = (name: string, pods: readonly PodInfo[] = [], labels: Record<string, string> = {}) =>
  nodeWith(name, { allocatable: { ...size(5), pods: '10' }, labels: { zone: 'z', ...labels }, pods });
const budget = (app: string, disruptionsAllowed: number, disruptedPods: Record<string, string> = {}) =>
  ({
    metadata: { name: app, namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed, disruptedPods },
  }) as unknown as PodDisruptionBudget;
const app = (name: string) => ({ labels: { app: name } });
const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } };
const alone = {
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
};

describe('who has to go', () => {
  it.each<[string, PodInfo, ReturnType<typeof node>[], string | Record<string, string>, PreemptionWorld?]>([
    ['nobody, where there is room', is('p', high, 5), [node('n1'), node('n2', [is('a', mid, 3)])], 'n1'],
    [
      'one of each node',
      is('p', high, 3),
      [node('n1', [is('a', mid, 3)]), node('n2', [is('b', mid, 3)])],
      { n1: 'a', n2: 'b' },
    ],
    [
      'nobody of as much importance',
      is('p', high, 3),
      [node('n1', [is('a', high, 3)]), node('n2', [is('b', mid, 3)])],
      { n2: 'b' },
    ],
    [
      'nobody who may stay',
      is('p', high, 5),
      [node('n1', [is('a', low, 0), is('b', mid, 3)]), node('n2', [is('c', mid, 5)])],
      { n1: 'b', n2: 'c' },
    ],
    [
      'the less important first',
      is('p', high, 4),
      [node('n1', [is('a', low, 1, 9), is('b', low, 2), is('c', mid, 1), is('d', high, 1)])],
      { n1: 'c, a, b' },
    ],
    [
      'only as many as it takes',
      is('p', high, 3),
      [node('n1', [is('a', low, 1), is('b', low, 2, 9), is('c', mid, 2)])],
      { n1: 'b, a' },
    ],
    [
      'the younger of equals',
      is('p', high, 2),
      [node('n1', [is('old', low, 2, 9), is('young', low, 2, 1), is('c', high, 1)])],
      { n1: 'young' },
    ],
    [
      'the one that keeps it away',
      is('p', high, 1, 1, app('web')),
      [node('n1', [is('a', low, 1, 1, { spec: alone, ...app('x') }), is('b', mid, 1)])],
      { n1: 'a' },
    ],
    [
      'the one that it keeps away from, not the one that it is drawn to',
      is('p', high, 1, 1, { spec: alone }),
      [node('n1', [is('a', low, 1, 1, app('web')), is('b', low, 1)])],
      { n1: 'a' },
    ],
    [
      'first those whose budget allows it',
      is('p', high, 3),
      [node('n1', [is('a', mid, 2, 2, app('x')), is('b', mid, 2, 1, app('y')), is('c', high, 1)])],
      { n1: 'a, b (1 protected)' },
      { budgets: [budget('x', 0)] },
    ],
    [
      'who is protected only where it must be',
      is('p', high, 2),
      [node('n1', [is('a', mid, 2, 1, app('x')), is('b', mid, 2, 9, app('y')), is('c', high, 1)])],
      { n1: 'b' },
      { budgets: [budget('x', 0)] },
    ],
    [
      'as many of a budget as it allows',
      is('p', high, 5),
      [
        node('n1', [
          is('a', mid, 2, 3, app('x')),
          is('b', mid, 2, 2, app('x')),
          is('c', mid, 1, 1, app('x')),
        ]),
      ],
      { n1: 'a, b, c (1 protected)' },
      { budgets: [budget('x', 2)] },
    ],
    [
      'those who are on their way out already count for nothing',
      is('p', high, 5),
      [node('n1', [is('a', mid, 3, 3, app('x')), is('b', mid, 2, 2, app('x'))])],
      { n1: 'a, b (1 protected)' },
      { budgets: [budget('x', 0, { a: at(1) })] },
    ],
    [
      'nodes with nobody protected come first',
      is('p', high, 5),
      [node('n1', [is('a', mid, 3, 1, app('x'))]), node('n2', [is('b', mid, 3)])],
      { n2: 'b', n1: 'a (1 protected)' },
      { budgets: [budget('x', 0)] },
    ],
    [
      'others who were promised the place are counted',
      is('p', mid, 2),
      [node('n1', [is('a', low, 2), is('b', low, 2, 2)])],
      { n1: 'b, a' },
      { nominated: { n1: [is('g', high, 3)] } },
    ],
    [
      'less important ones who were promised the place are not',
      is('p', high, 2),
      [node('n1', [is('a', low, 3), is('b', mid, 2, 2)])],
      { n1: 'a' },
      { nominated: { n1: [is('g', mid, 3)] } },
    ],
  ])('is %s', (_, target, nodes, expected, world) => {
    expect(outcome(attempt(target, nodes, world))).toEqual(expected);
  });

  const four = ['n1', 'n2', 'n3', 'n4'].map((name) => node(name, [is(`on-${name}`, mid, 5)]));
  it.each([
    [{ minCandidateNodesPercentage: 40, minCandidateNodesAbsolute: 1 }, 0, ['n1']],
    [{ minCandidateNodesPercentage: 50, minCandidateNodesAbsolute: 1 }, 1, ['n2', 'n3']],
    [{ minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 3 }, 3, ['n4', 'n1', 'n2']],
    [{ minCandidateNodesPercentage: 100, minCandidateNodesAbsolute: 0 }, 2, ['n3', 'n4', 'n1', 'n2']],
    [{}, 0, ['n1', 'n2', 'n3', 'n4']],
  ])('is looked for on as many nodes as %j wants, from the %dth on', (args, offset, expected) => {
    expect(Object.keys(outcome(attempt(is('p', high, 5), four, { args, offset })))).toEqual(expected);
  });
});

describe('nobody has to go', () => {
  const short = '1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate,';
  const end = 'preemption: 0/1 nodes are available: 1';
  const leaving = is('a', low, 5, 1, {
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
  });
  const gone = {
    ...leaving,
    pod: { ...leaving.pod, metadata: { ...leaving.pod.metadata, deletionTimestamp: at(0) } },
  };
  const promised = { status: { nominatedNodeName: 'n1' } };
  it.each<[string, PodInfo, ReturnType<typeof node>, string]>([
    [
      'when none is less important',
      is('p', mid, 5),
      node('n1', [is('a', mid, 3)]),
      `${short} ${end} No preemption victims found for incoming pod.`,
    ],
    [
      'when it would not do',
      is('p', mid, 5),
      node('n1', [is('a', mid, 3), is('b', low, 1)]),
      `${short} ${end} Insufficient cpu, 1 Insufficient memory.`,
    ],
    [
      'when the node is too small for it anyway',
      is('p', high, 6),
      node('n1', [is('a', low, 3)]),
      `${short} ${end} Preemption is not helpful for scheduling.`,
    ],
    [
      'for one that says so',
      is('p', high, 5, 1, { spec: { preemptionPolicy: 'Never' } }),
      node('n1', [is('a', low, 3)]),
      `${short} preemption: not eligible due to preemptionPolicy=Never.`,
    ],
    [
      'while others leave the node that it was promised',
      is('p', high, 5, 1, promised),
      node('n1', [gone]),
      `${short} preemption: not eligible due to a terminating pod on the nominated node.`,
    ],
  ])('%s', (_, target, on, expected) => {
    expect(outcome(attempt(target, [on]))).toBe(`0/1 nodes are available: ${expected}`);
  });

  it.each<[string, PodInfo, ReturnType<typeof node>]>([
    [
      'leave for reasons of their own',
      is('p', high, 5, 1, promised),
      node('n1', [{ ...gone, pod: { ...gone.pod, status: {} } }]),
    ],
    ['leave another node', is('p', high, 5, 1, { status: { nominatedNodeName: 'n2' } }), node('n1', [gone])],
  ])('is not so while others %s', (_, target, on) => {
    expect(outcome(attempt(target, [on]))).toEqual({ n1: 'a' });
  });
});

describe('the node where it costs least', () => {
  /** Victims of a node: importance, then start in hours before noon. */
  type Victims = readonly (readonly [number, number])[];
  it.each<[string, Record<string, Victims>, string, Record<string, number>?]>([
    ['breaks the fewest budgets', { n1: [[high, 1]], n2: [[low, 1]] }, 'n1', { n2: 1 }],
    [
      'has the least important of the most important',
      {
        n1: [[mid, 1]],
        n2: [
          [low, 1],
          [low, 1],
        ],
      },
      'n2',
    ],
    [
      'has the smallest sum of importance',
      {
        n1: [
          [mid, 1],
          [mid, 1],
        ],
        n2: [
          [mid, 1],
          [low, 1],
        ],
      },
      'n2',
    ],
    [
      'counts each as something, however negative',
      {
        n1: [[-200, 1]],
        n2: [
          [-200, 1],
          [-300, 1],
        ],
      },
      'n1',
    ],
    [
      'has the fewest',
      {
        n1: [
          [mid, 1],
          [low, 1],
        ],
        n2: [[mid, 1]],
      },
      'n2',
    ],
    [
      'has the youngest of the most important',
      {
        n1: [
          [mid, 3],
          [mid, 2],
        ],
        n2: [
          [mid, 4],
          [mid, 1],
        ],
        n3: [
          [mid, 2],
          [mid, 2],
        ],
      },
      'n3',
    ],
    [
      'does not look at the age of the less important',
      {
        n1: [
          [mid, 1],
          [low, 9],
        ],
        n2: [
          [mid, 2],
          [low, 1],
        ],
      },
      'n1',
    ],
    ['is the only one', { n1: [[high, 1]] }, 'n1'],
    ['is the first of equals', { n1: [[mid, 1]], n2: [[mid, 1]] }, 'n1'],
  ])('%s', (_, victims, expected, violations) => {
    const candidates = Object.entries(victims).map(([name, list]) => ({
      node: name,
      victims: list.map(([priority, hours], index) => is(`${name}-${index}`, priority, 1, hours)),
      violations: violations?.[name] ?? 0,
    }));
    expect(pickCandidate(candidates, nowMs)?.node).toBe(expected);
  });

  it('is none of none', () => {
    expect(pickCandidate([], nowMs)).toBeUndefined();
  });
});

describe('budgets', () => {
  const x = (name: string, more: PodShape = {}) => is(name, low, 1, 1, { ...app('x'), ...more });
  const everything = { metadata: { name: 'all', namespace: 'default' }, spec: { selector: {} }, status: {} };
  it.each<[string, PodInfo[], PodDisruptionBudget[], string]>([
    ['allow as many as they say, the first first', [x('a'), x('b')], [budget('x', 1)], 'b'],
    ['of other namespaces do not matter', [x('a', { namespace: 'other' })], [budget('x', 0)], ''],
    ['of other Pods do not matter', [x('a')], [budget('y', 0)], ''],
    ['do not select Pods without labels', [is('a', low, 1)], [budget('x', 0)], ''],
    ['that select everything select nothing', [x('a')], [everything as PodDisruptionBudget], ''],
    ['have counted those already that they name', [x('a'), x('b')], [budget('x', 1, { a: at(1) })], ''],
    ['must all allow it', [x('a')], [budget('x', 1), budget('x', 0)], 'a'],
  ])('%s', (_, pods, budgets, expected) => {
    const { violating } = splitByBudgets(pods, (namespace) =>
      budgets.filter(({ metadata }) => metadata.namespace === namespace),
    );
    expect(violating.map(({ pod }) => pod.metadata.name).join(', ')).toBe(expected);
  });
});
