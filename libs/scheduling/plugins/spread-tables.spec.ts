import type { TopologySpreadConstraint } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { addPodTo, cloneNodeInfo, type CycleState, type PodInfo } from '../framework/index.ts';
import {
  info,
  nodeWith,
  scoreAll,
  snapshot,
  verdict,
  type PodShape,
} from '../framework/testing.spec-support.ts';
import { podTopologySpread } from './pod-topology-spread.ts';

// The facts of kube-scheduler's own tables about Pods that spread over domains.

const plugin = podTopologySpread({ defaultingType: 'List' });
const over = (
  topologyKey: string,
  more: Partial<TopologySpreadConstraint> = {},
): TopologySpreadConstraint => ({
  topologyKey,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchExpressions: [{ key: 'foo', operator: 'Exists' }] },
  ...more,
});
const bar: Partial<TopologySpreadConstraint> = {
  labelSelector: { matchExpressions: [{ key: 'bar', operator: 'Exists' }] },
};
const soft: Partial<TopologySpreadConstraint> = { whenUnsatisfiable: 'ScheduleAnyway' };
const spreading = (
  constraints: TopologySpreadConstraint[],
  labels: Record<string, string> = { foo: '' },
  more: PodShape['spec'] = {},
) => info({ labels, spec: { topologySpreadConstraints: constraints, ...more } });
const foo = () => info({ labels: { foo: '' } });
const both = () => info({ labels: { foo: '', bar: '' } });
const onlyBar = () => info({ labels: { bar: '' } });
const many = (count: number, make = foo): PodInfo[] => Array.from({ length: count }, make);
const node = (
  name: string,
  zone: string | undefined,
  pods: PodInfo[],
  more: Parameters<typeof nodeWith>[1] = {},
) =>
  nodeWith(name, {
    ...more,
    labels: { node: name, ...(zone === undefined ? {} : { zone }), ...more.labels },
    pods,
  });
/** Two zones of two nodes: 2 and 1 Pods in the first, none and 3 in the second. */
const four = () => [
  node('a', 'z1', many(2)),
  node('b', 'z1', many(1)),
  node('x', 'z2', []),
  node('y', 'z2', many(3)),
];
const words: Readonly<Record<string, string>> = {
  ok: 'ok',
  skewed: "Unschedulable: node(s) didn't match pod topology spread constraints",
  missing:
    "UnschedulableAndUnresolvable: node(s) didn't match pod topology spread constraints (missing required label)",
};

describe('hard constraints', () => {
  it.each<[string, PodInfo, ReturnType<typeof four>, string]>([
    ['no Pods yet', spreading([over('zone')]), [node('a', 'z1', []), node('b', 'z2', [])], 'ok ok'],
    ['as many in each zone', spreading([over('zone')]), four(), 'ok ok ok ok'],
    [
      'more in one zone',
      spreading([over('zone')]),
      [node('a', 'z1', many(2)), node('b', 'z1', many(1)), node('x', 'z2', many(2))],
      'skewed skewed ok',
    ],
    [
      'a greater skew is allowed',
      spreading([over('zone', { maxSkew: 2 })]),
      [node('a', 'z1', many(2)), node('b', 'z1', many(1)), node('x', 'z2', many(2))],
      'ok ok ok',
    ],
    [
      'a node without a zone',
      spreading([over('zone')]),
      [node('a', 'z1', many(1)), node('b', undefined, []), node('x', 'z2', [])],
      'skewed missing ok',
    ],
    ['nodes, of which the emptiest does', spreading([over('node')]), four(), 'skewed skewed ok skewed'],
    ['nodes, and a skew of two', spreading([over('node', { maxSkew: 2 })]), four(), 'skewed ok ok skewed'],
    [
      'a Pod that is not counted itself',
      spreading([over('zone')], { bar: '' }),
      [node('a', 'z1', many(1)), node('x', 'z2', [])],
      'ok ok',
    ],
    [
      'Pods of other namespaces',
      spreading([over('zone')]),
      [
        node(
          'a',
          'z1',
          many(2, () => info({ namespace: 'x', labels: { foo: '' } })),
        ),
        node('x', 'z2', []),
      ],
      'ok ok',
    ],
    ['zones and nodes', spreading([over('zone'), over('node')]), four(), 'skewed skewed ok skewed'],
    [
      'zones and nodes, which leave nothing',
      spreading([over('zone'), over('node')]),
      [
        node('a', 'z1', many(1)),
        node('b', 'z1', many(2)),
        node('x', 'z2', many(2, both)),
        node('y', 'z2', many(2)),
      ],
      'ok skewed skewed skewed',
    ],
    [
      'zones by one mark, nodes by another',
      spreading([over('zone'), over('node', bar)], { foo: '', bar: '' }),
      [
        node('a', 'z1', many(1)),
        node('b', 'z1', many(1, onlyBar)),
        node('x', 'z2', many(1)),
        node('y', 'z2', many(1, onlyBar)),
      ],
      'ok skewed ok skewed',
    ],
    [
      'selected nodes only',
      spreading([over('zone')], { foo: '' }, { nodeSelector: { pool: 'p' } }),
      [node('a', 'z1', many(1), { labels: { pool: 'p' } }), node('x', 'z2', [])],
      'ok ok',
    ],
    [
      'all nodes, though some are selected',
      spreading(
        [over('zone', { nodeAffinityPolicy: 'Ignore' })],
        { foo: '' },
        { nodeSelector: { pool: 'p' } },
      ),
      [node('a', 'z1', many(1), { labels: { pool: 'p' } }), node('x', 'z2', [])],
      'skewed ok',
    ],
    [
      'tainted nodes, too',
      spreading([over('zone')]),
      [node('a', 'z1', many(1)), node('x', 'z2', [], { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      'skewed ok',
    ],
    [
      'no tainted nodes',
      spreading([over('zone', { nodeTaintsPolicy: 'Honor' })]),
      [node('a', 'z1', many(1)), node('x', 'z2', [], { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      'ok ok',
    ],
    [
      'fewer zones than wanted',
      spreading([over('zone', { minDomains: 3 })]),
      [node('a', 'z1', many(1)), node('x', 'z2', many(1))],
      'skewed skewed',
    ],
    [
      'as many zones as wanted',
      spreading([over('zone', { minDomains: 2 })]),
      [node('a', 'z1', many(1)), node('x', 'z2', many(1))],
      'ok ok',
    ],
    [
      'likes of the same version',
      spreading([over('zone', { matchLabelKeys: ['bar'] })], { foo: '', bar: '2' }),
      [node('a', 'z1', many(2, both)), node('x', 'z2', [])],
      'ok ok',
    ],
    [
      'a selector that none has',
      spreading([over('zone', { labelSelector: { matchLabels: { x: 'y' } } })]),
      four(),
      'ok ok ok ok',
    ],
  ])('%s', (_, target, nodes, expected) => {
    expect(nodes.map((one) => verdict(plugin, target, one, nodes))).toEqual(
      expected.split(' ').map((word) => words[word]),
    );
  });

  it('do not count Pods that go', () => {
    const going = info({ labels: { foo: '' } });
    const leaving = {
      ...going,
      pod: { ...going.pod, metadata: { ...going.pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    };
    const nodes = [node('a', 'z1', [leaving]), node('x', 'z2', [])];
    expect(nodes.map((one) => verdict(plugin, spreading([over('zone')]), one, nodes))).toEqual(['ok', 'ok']);
  });

  it('are looked at anew with Pods that are put somewhere to try things out', () => {
    const target = spreading([over('zone'), over('node')]);
    const nodes = [node('a', 'z1', many(1)), node('x', 'z2', [])];
    const state: CycleState = new Map();
    plugin.preFilter?.(state, target, snapshot(nodes));
    const verdicts = () =>
      nodes.map((one) => (plugin.filter?.(state, target, one) === undefined ? 'ok' : 'no'));
    expect(verdicts()).toEqual(['no', 'ok']);
    const tried = cloneNodeInfo(nodes[1] as (typeof nodes)[0]);
    const guest = foo();
    addPodTo(tried, guest);
    plugin.addPod?.(state, target, guest, tried);
    expect(verdicts()).toEqual(['ok', 'ok']);
    for (const other of [onlyBar(), info({ namespace: 'x', labels: { foo: '' } })])
      plugin.addPod?.(state, target, other, tried);
    expect(verdicts()).toEqual(['ok', 'ok']);
    plugin.removePod?.(state, target, guest, tried);
    expect(verdicts()).toEqual(['no', 'ok']);
  });
});

describe('soft constraints', () => {
  const host = 'kubernetes.io/hostname';
  const on = (counts: number[], zones?: string[]) =>
    counts.map((count, at) => node(`n${at}`, zones?.[at], many(count)));
  it.each<[string, PodInfo, ReturnType<typeof four>, number[] | 'skip', number?]>([
    ['none', spreading([over('zone')]), on([1, 2]), 'skip'],
    ['as many everywhere', spreading([over(host, soft)]), on([1, 1]), [100, 100]],
    ['none anywhere', spreading([over(host, soft)]), on([0, 0]), [100, 100]],
    ['four nodes', spreading([over(host, soft)]), on([2, 1, 0, 3]), [20, 60, 100, 0]],
    [
      'four nodes, and a skew of two',
      spreading([over(host, { ...soft, maxSkew: 2 })]),
      on([2, 1, 0, 3]),
      [33, 66, 100, 16],
    ],
    [
      'four nodes, and a skew of three',
      spreading([over(host, { ...soft, maxSkew: 3 })]),
      on([4, 3, 2, 1]),
      [44, 66, 77, 100],
    ],
    ['three nodes that do, of four', spreading([over(host, soft)]), on([4, 2, 1, 3]), [33, 83, 100], 3],
    [
      'a node without the key',
      spreading([over('zone', soft)]),
      [node('a', 'z1', many(1)), node('b', undefined, []), node('x', 'z2', [])],
      [0, 0, 100],
    ],
    [
      'zones',
      spreading([over('zone', soft)]),
      on([2, 2, 3, 3], ['z1', 'z1', 'z2', 'z2']),
      [100, 100, 75, 75],
    ],
    [
      'zones and nodes, of which two do',
      spreading([over('zone', soft), over(host, soft)]),
      on([2, 1, 0, 1], ['z1', 'z1', 'z2', 'z2']),
      [83, 100],
      2,
    ],
  ])('over %s', (_, target, nodes, expected, feasible = nodes.length) => {
    expect(scoreAll(plugin, target, nodes.slice(0, feasible), nodes)).toEqual(expected);
  });
});
