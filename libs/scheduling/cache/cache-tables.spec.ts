import type { Pod } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { podInfo } from '../framework/index.ts';
import { node, pod } from '../framework/testing.spec-support.ts';
import { createNodeCache } from './node-cache.ts';

// The facts of kube-scheduler's own tables about the order of nodes, and about what it knows of them.

const zone = 'topology.kubernetes.io/zone';
const region = 'topology.kubernetes.io/region';
const oldZone = 'failure-domain.beta.kubernetes.io/zone';

/** `a/r1.z1`: a node, its region and zone. */
const parse = (text: string) => {
  const [name = '', place = ''] = text.split('/');
  const [r, z] = place.split('.');
  return node(name, { labels: { ...(r && { [region]: r }), ...(z && { [zone]: z }) } });
};
const order = (...changes: readonly string[]) => {
  const cache = createNodeCache();
  for (const change of changes) {
    if (change.startsWith('-')) cache.removeNode(change.slice(1));
    else cache.setNode(parse(change));
  }
  return cache.nodes.map(({ name }) => name).join(' ');
};

describe('nodes are looked at', () => {
  it.each<[string, string[], string]>([
    ['none', [], ''],
    ['those without a zone in their order', ['a', 'b', 'c'], 'a b c'],
    ['one of each zone in turn', ['a/r.1', 'b/r.1', 'c/r.2', 'd/r.2', 'e/r.3'], 'a c e b d'],
    ['until those of a zone are through', ['a/r.1', 'b/r.2', 'c/r.2', 'd/r.2'], 'a b c d'],
    ['zones of different regions apart', ['a/r.1', 'b/r.1', 'c/s.1'], 'a c b'],
    ['those without a zone as one', ['a', 'b', 'c/r.1'], 'a c b'],
    ['without those that went', ['a/r.1', 'b/r.1', 'c/r.2', '-a'], 'b c'],
    ['without zones that went', ['a/r.1', 'b/r.2', 'c/r.3', '-b'], 'a c'],
    ['by the zone that they have now', ['a/r.1', 'b/r.1', 'c/r.2', 'b/r.2'], 'a b c'],
    ['once, however often they come', ['a/r.1', 'a/r.1', 'b/r.1'], 'a b'],
  ])('%s', (_, changes, expected) => {
    expect(order(...changes)).toBe(expected);
  });

  it('by the older names of zones, too', () => {
    const cache = createNodeCache();
    for (const [name, value] of [
      ['a', '1'],
      ['b', '1'],
      ['c', '2'],
    ] as const)
      cache.setNode(node(name, { labels: { [oldZone]: value, [zone]: 'same' } }));
    expect(cache.nodes.map(({ name }) => name)).toEqual(['a', 'c', 'b']);
  });
});

describe('a node counts', () => {
  const on = (name: string, cpu: string, more: object = {}): Pod =>
    ({ ...pod({ name, requests: { cpu }, spec: { nodeName: 'n' } }), ...more }) as Pod;
  const known = (...steps: ((cache: ReturnType<typeof createNodeCache>) => void)[]) => {
    const cache = createNodeCache();
    cache.setNode(node('n'));
    for (const step of steps) step(cache);
    const found = cache.node('n');
    return [found?.pods.size, found?.requestedCpu, found?.nonZeroCpu];
  };
  it.each<[string, Parameters<typeof known>, (number | undefined)[]]>([
    ['nothing', [], [0, 0, 0]],
    ['a Pod', [(cache) => cache.setPod(on('a', '500m'))], [1, 500, 500]],
    [
      'one that asks for nothing as something where it is rated',
      [(cache) => cache.setPod(pod({ name: 'a', spec: { nodeName: 'n' } }))],
      [1, 0, 100],
    ],
    [
      'one that was put there, and is seen there',
      [
        (cache) => cache.assume(podInfo(pod({ name: 'a', requests: { cpu: '1' } })), 'n'),
        (cache) => cache.setPod(on('a', '1')),
      ],
      [1, 1000, 1000],
    ],
    [
      'one that was put there, and is seen elsewhere',
      [
        (cache) => cache.assume(podInfo(pod({ name: 'a', requests: { cpu: '1' } })), 'n'),
        (cache) => cache.setPod(pod({ name: 'a', requests: { cpu: '1' }, spec: { nodeName: 'm' } })),
      ],
      [0, 0, 0],
    ],
    [
      'one that changes, as it is',
      [
        (cache) => cache.setPod(on('a', '1')),
        (cache) =>
          cache.setPod(
            pod({ name: 'a', labels: { x: 'y' }, requests: { cpu: '2' }, spec: { nodeName: 'n' } }),
          ),
      ],
      [1, 2000, 2000],
    ],
    [
      'one of the same name, anew',
      [
        (cache) => cache.setPod(on('a', '1')),
        (cache) =>
          cache.setPod(on('a', '3', { metadata: { name: 'a', namespace: 'default', uid: 'another' } })),
      ],
      [1, 3000, 3000],
    ],
    [
      'none that ended',
      [
        (cache) => cache.setPod(on('a', '1')),
        (cache) => cache.setPod(on('a', '1', { status: { phase: 'Failed' } })),
      ],
      [0, 0, 0],
    ],
    [
      'none that was removed',
      [(cache) => cache.setPod(on('a', '1')), (cache) => cache.removePod(on('a', '1'))],
      [0, 0, 0],
    ],
    [
      'those that were there before it',
      [
        (cache) => cache.removeNode('n'),
        (cache) => cache.setPod(on('a', '1')),
        (cache) => cache.setNode(node('n')),
      ],
      [1, 1000, 1000],
    ],
  ])('%s', (_, steps, expected) => {
    expect(known(...steps)).toEqual(expected);
  });
});
