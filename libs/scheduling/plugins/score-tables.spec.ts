import type { Container, Taint, Toleration } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { info, nodeWith, scoreAll, type PodShape } from '../framework/testing.spec-support.ts';
import { imageLocality, normalizedImageName } from './image-locality.ts';
import { nodeAffinity, type NodeAffinityArgs } from './node-affinity.ts';
import { taintToleration } from './node-basics.ts';
import {
  nodeResourcesBalancedAllocation,
  nodeResourcesFit,
  type NodeResourcesFitArgs,
  type ResourceSpec,
} from './node-resources.ts';
import { defaultNormalizeScore } from './normalize.ts';

// The facts of kube-scheduler's own tables about how nodes are rated by what they have.

type Size = readonly [cpu: number, memory: number, more?: Record<string, string>];
const amounts = ([cpu, memory, more]: Size) => ({ cpu: `${cpu}m`, memory: String(memory), ...more });
const asks = (...sizes: readonly Size[]): PodShape => ({
  containers: sizes.map((size, at): Container => ({
    name: `c${at}`,
    resources: { requests: amounts(size) },
  })),
});
/** Nodes of a size, each with Pods of the sizes given. */
const nodes = (...list: readonly (readonly [Size, ...Size[]])[]) =>
  list.map(([size, ...pods], at) =>
    nodeWith(`n${at}`, {
      allocatable: { ...amounts(size), pods: '99' },
      pods: pods.map((one) => info(asks(one))),
    }),
  );
const even: Size = [4000, 10000];
const wide: Size = [6000, 10000];
const big: Size = [3000, 5000];
const two: readonly Size[] = [
  [1000, 2000],
  [2000, 3000],
];

const byTwo: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 2 },
];
const fit = (
  type: NonNullable<NodeResourcesFitArgs['scoringStrategy']>['type'],
  resources?: readonly ResourceSpec[],
) => nodeResourcesFit({ scoringStrategy: { ...(type && { type }), ...(resources && { resources }) } });

describe('NodeResourcesFit', () => {
  it.each<[string, PodShape, ReturnType<typeof nodes>, number[], number[], (readonly ResourceSpec[])?]>([
    ['nodes of one size', asks(...two), nodes([even], [even]), [37, 37], [62, 62]],
    ['nodes of two sizes', asks(...two), nodes([even], [wide]), [37, 50], [62, 50]],
    [
      'nodes in use',
      asks(...two),
      nodes(
        [
          [10000, 20000],
          [3000, 0],
        ],
        [
          [10000, 20000],
          [3000, 5000],
        ],
      ),
      [57, 45],
      [42, 55],
    ],
    [
      'more than a node has left',
      asks(...two),
      nodes(
        [
          [4000, 10000],
          [3000, 0],
        ],
        [
          [4000, 10000],
          [3000, 5000],
        ],
      ),
      [25, 0],
      [75, 100],
    ],
    ['one resource counts more', asks(...two), nodes([even], [wide]), [41, 50], [58, 50], byTwo],
    [
      'one resource counts',
      asks([3000, 0]),
      nodes([even], [wide]),
      [25, 50],
      [75, 50],
      [{ name: 'cpu', weight: 1 }],
    ],
    ['a node has none of one', asks([3000, 5000]), nodes([even], [[0, 10000]]), [37, 50], [62, 50]],
  ])('rates %s', (_, target, list, least, most, resources) => {
    expect(scoreAll(fit('LeastAllocated', resources), info(target), list)).toEqual(least);
    expect(scoreAll(fit('MostAllocated', resources), info(target), list)).toEqual(most);
  });

  const down = [
    { utilization: 0, score: 10 },
    { utilization: 100, score: 0 },
  ];
  const up = [
    { utilization: 0, score: 0 },
    { utilization: 100, score: 1 },
  ];
  const foo = (count: number): Size => [0, 0, { 'intel.com/foo': String(count) }];
  const both = (one: number, other: number): Size => [
    0,
    0,
    { 'intel.com/foo': String(one), 'intel.com/bar': String(other) },
  ];
  const fooBar = [
    { name: 'intel.com/foo', weight: 3 },
    { name: 'intel.com/bar', weight: 5 },
  ];
  it.each<
    [
      string,
      readonly { utilization: number; score: number }[],
      readonly ResourceSpec[],
      PodShape,
      ReturnType<typeof nodes>,
      number[],
    ]
  >([
    [
      'nothing asked, nothing used',
      down,
      [{ name: 'memory' }, { name: 'cpu' }],
      asks([0, 0]),
      nodes([even], [even]),
      [100, 100],
    ],
    [
      'nodes of two sizes',
      down,
      [{ name: 'memory' }, { name: 'cpu' }],
      asks(...two),
      nodes([even], [wide]),
      [38, 50],
    ],
    [
      'nodes in use',
      down,
      [{ name: 'memory' }, { name: 'cpu' }],
      asks([0, 0]),
      nodes([even, big], [wide, big]),
      [38, 50],
    ],
    [
      'a device that is not asked for',
      up,
      [{ name: 'intel.com/foo' }],
      asks([0, 0]),
      nodes([foo(8)], [foo(4)]),
      [0, 0],
    ],
    ['a device', up, [{ name: 'intel.com/foo' }], asks(foo(2)), nodes([foo(8)], [foo(4)]), [2, 5]],
    [
      'a device in use',
      up,
      [{ name: 'intel.com/foo' }],
      asks(foo(2)),
      nodes([foo(8)], [foo(4), foo(2)]),
      [2, 10],
    ],
    [
      'a device of several containers',
      up,
      [{ name: 'intel.com/foo' }],
      asks(foo(2), foo(2)),
      nodes([foo(8)], [foo(4)]),
      [5, 10],
    ],
    ['two devices', up, fooBar, asks(both(2, 2)), nodes([both(8, 8)], [both(4, 4)]), [2, 5]],
    [
      'two devices in use',
      up,
      fooBar,
      asks(both(2, 2)),
      nodes([both(8, 8)], [both(4, 4), both(2, 2)]),
      [2, 10],
    ],
    ['one of two devices', up, fooBar, asks(foo(4)), nodes([both(8, 8)], [both(4, 4)]), [5, 10]],
  ])('follows a shape: %s', (_, shape, resources, target, list, expected) => {
    const plugin = nodeResourcesFit({
      scoringStrategy: { type: 'RequestedToCapacityRatio', resources, requestedToCapacityRatio: { shape } },
    });
    // What is asked of cpu and memory by none is counted as something where it is rated.
    const asked = { ...target, containers: target.containers?.map((one) => ({ ...one })) ?? [] };
    expect(scoreAll(plugin, info(asked), list)).toEqual(expected);
  });
});

describe('NodeResourcesBalancedAllocation', () => {
  const gpu = (count: number): Size => [1000, 1000, { 'nvidia.com/gpu': String(count) }];
  const three = ['cpu', 'memory', 'nvidia.com/gpu'].map((name) => ({ name, weight: 1 }));
  it.each<[string, PodShape, ReturnType<typeof nodes>, number[] | 'skip', (readonly ResourceSpec[])?]>([
    ['nothing asked', asks([0, 0]), nodes([even], [even]), 'skip'],
    ['the same share of both', asks([2000, 5000]), nodes([even], [even]), [75, 75]],
    ['nodes of two sizes', asks([3000, 5000]), nodes([even], [wide]), [68, 75]],
    ['a node that it balances', asks([0, 5000]), nodes([even, [2000, 0]], [even]), [87, 62]],
    ['a node that has none of one', asks([3000, 5000]), nodes([[0, 10000]], [even]), [75, 68]],
    ['more than there is', asks([6000, 0]), nodes([even], [wide]), [50, 50]],
    [
      'three resources',
      asks(gpu(1)),
      nodes([[4000, 4000, { 'nvidia.com/gpu': '4' }]], [[4000, 4000, { 'nvidia.com/gpu': '1' }]]),
      [75, 57],
      three,
    ],
    [
      'a device that it does not ask for',
      asks([1000, 1000]),
      nodes([[4000, 4000, { 'nvidia.com/gpu': '4' }]], [[4000, 4000]]),
      [75, 75],
      three,
    ],
  ])('rates %s', (_, target, list, expected, resources) => {
    const plugin = nodeResourcesBalancedAllocation(resources === undefined ? {} : { resources });
    expect(scoreAll(plugin, info(target), list)).toEqual(expected);
  });
});

describe('ImageLocality', () => {
  const mb = 1024 * 1024;
  const has = (...images: readonly (readonly [string, number])[]) => ({
    images: images.map(([name, size]) => ({ names: [`gcr.io/${name}`], sizeBytes: size * mb })),
  });
  const of = (...names: readonly string[]) =>
    info({ containers: names.map((name, at) => ({ name: `c${at}`, image: `gcr.io/${name}` })) });
  const few = has(['40:latest', 40], ['300:latest', 300], ['2000:latest', 2000]);
  const other = has(['250:latest', 250], ['10:v1', 10]);
  it.each<[string, ReturnType<typeof of>, object[], number[]]>([
    ['images on two nodes', of('40', '250'), [few, other], [0, 5]],
    ['images on one', of('40', '300'), [few, other], [7, 0]],
    ['a large image, and one that is too small to count', of('10', '2000'), [few, other], [49, 0]],
    ['an image that is nearly everywhere', of('300'), [few, has(['300:latest', 300]), {}], [18, 18, 0]],
    ['an image of a node in three', of('10', '2000'), [few, other, {}], [32, 0, 0]],
    ['a tag that is not there', of('10'), [few, other], [0, 0]],
  ])('rates %s', (_, target, list, expected) => {
    expect(
      scoreAll(
        imageLocality,
        target,
        list.map((shape, at) => nodeWith(`n${at}`, shape)),
      ),
    ).toEqual(expected);
  });

  it.each([
    ['root', 'root:latest'],
    ['root:tag', 'root:tag'],
    ['gcr.io:5000/root', 'gcr.io:5000/root:latest'],
    ['root@sha256:bd', 'root@sha256:bd'],
  ])('reads %s as %s', (name, expected) => {
    expect(normalizedImageName(name)).toBe(expected);
  });
});

describe('TaintToleration', () => {
  const taint = (key: string, value: string, effect = 'PreferNoSchedule'): Taint => ({ key, value, effect });
  const tolerates = (key: string, value: string, effect?: string): Toleration => ({
    key,
    operator: 'Equal',
    value,
    ...(effect === undefined ? {} : { effect }),
  });
  it.each<[string, Toleration[], Taint[][], number[]]>([
    [
      'one that is tolerated, one that is not',
      [tolerates('foo', 'bar', 'PreferNoSchedule')],
      [[taint('foo', 'bar')], [taint('foo', 'blah')]],
      [100, 0],
    ],
    [
      'any number that are tolerated',
      [tolerates('cpu', 'arm64', 'PreferNoSchedule'), tolerates('disk', 'ssd', 'PreferNoSchedule')],
      [[], [taint('cpu', 'arm64')], [taint('cpu', 'arm64'), taint('disk', 'ssd')]],
      [100, 100, 100],
    ],
    [
      'the more the worse',
      [tolerates('foo', 'bar', 'PreferNoSchedule')],
      [[], [taint('cpu', 'arm64')], [taint('cpu', 'arm64'), taint('disk', 'ssd')]],
      [100, 50, 0],
    ],
    [
      'soft ones only',
      [tolerates('cpu', 'arm64', 'NoSchedule')],
      [[], [taint('cpu', 'arm64', 'NoSchedule')], [taint('cpu', 'arm64'), taint('disk', 'ssd')]],
      [100, 100, 0],
    ],
    ['none', [], [[], [taint('cpu', 'arm64')]], [100, 0]],
    [
      'all effects at once',
      [tolerates('foo', 'bar')],
      [[taint('foo', 'bar')], [taint('foo', 'blah')]],
      [100, 0],
    ],
  ])('rates %s', (_, tolerations, list, expected) => {
    const on = list.map((taints, at) => nodeWith(`n${at}`, { taints }));
    expect(scoreAll(taintToleration, info({ spec: { tolerations } }), on)).toEqual(expected);
  });
});

describe('NodeAffinity', () => {
  const prefers = (weight: number, ...pairs: readonly (readonly [string, string])[]) => ({
    weight,
    preference: { matchExpressions: pairs.map(([key, value]) => ({ key, operator: 'In', values: [value] })) },
  });
  const of = (...terms: ReturnType<typeof prefers>[]) => ({
    spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } } },
  });
  const foo = { foo: 'bar' };
  const all = { foo: 'bar', key: 'value', az: 'az1' };
  const added: NodeAffinityArgs = {
    addedAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [prefers(5, ['az', 'az1'])] },
  };
  it.each<[string, PodShape, Record<string, string>[], number[] | 'skip', NodeAffinityArgs?]>([
    ['none', {}, [foo, {}], 'skip'],
    ['one that no node meets', of(prefers(2, ['foo', 'no'])), [foo, {}], [0, 0]],
    ['one that a node meets', of(prefers(2, ['foo', 'bar'])), [foo, {}, { foo: 'no' }], [100, 0, 0]],
    [
      'several',
      of(
        prefers(2, ['foo', 'bar']),
        prefers(4, ['key', 'value']),
        prefers(5, ['foo', 'bar'], ['key', 'value'], ['az', 'az1']),
      ),
      [foo, all, { key: 'value' }],
      [18, 100, 36],
    ],
    ["the profile's", {}, [foo, all], [0, 100], added],
    ["the profile's and its own", of(prefers(3, ['foo', 'bar'])), [foo, all, {}], [37, 100, 0], added],
  ])('rates %s', (_, shape, list, expected, args) => {
    const on = list.map((labels, at) => nodeWith(`n${at}`, { labels }));
    expect(scoreAll(nodeAffinity(args), info(shape), on)).toEqual(expected);
  });
});

it.each<[boolean, number[], number[]]>([
  [false, [1, 2, 3, 4], [25, 50, 75, 100]],
  [true, [1, 2, 3, 4], [75, 50, 25, 0]],
  [false, [1000, 10, 20, 30], [100, 1, 2, 3]],
  [true, [1000, 10, 20, 30], [0, 99, 98, 97]],
  [false, [1, 1, 1, 1], [100, 100, 100, 100]],
  [true, [1000, 1000, 1000, 1000], [0, 0, 0, 0]],
  [false, [0, 0], [0, 0]],
  [true, [0, 0], [100, 100]],
])('scores (reversed: %s) %j become %j', (reverse, scores, expected) => {
  defaultNormalizeScore(scores, reverse);
  expect(scores).toEqual(expected);
});
