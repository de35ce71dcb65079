import type { Container, Pod } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { info, nodeWith, verdict } from '../framework/testing.spec-support.ts';
import { nodeResourcesFit, type NodeResourcesFitArgs } from './node-resources.ts';

// The facts of kube-scheduler's own tables about what fits on a node.

const container = (requests: Record<string, string>, more: Partial<Container> = {}): Container => ({
  name: 'c',
  resources: { requests },
  ...more,
});
const use = (cpu: number, memory: number) => ({ cpu: `${cpu}m`, memory: String(memory) });
const gpu = 'example.com/gpu';
const own = 'kubernetes.io/something';
const huge = 'hugepages-2Mi';
const allocatable = {
  ...use(10, 20),
  pods: '32',
  'ephemeral-storage': '20',
  [gpu]: '5',
  [huge]: '5',
};
type Requests = Record<string, string>;
interface Row {
  readonly init?: readonly Requests[];
  readonly sidecars?: readonly Requests[];
  readonly containers?: readonly Requests[];
  readonly spec?: Partial<Omit<NonNullable<Pod['spec']>, 'containers'>>;
  /** What a Pod on the node asks for. */
  readonly used?: Requests;
  readonly args?: NodeResourcesFitArgs;
}
const short = (...names: string[]) =>
  `Unschedulable: ${names.map((name) => `Insufficient ${name}`).join(', ')}`;
const never = (...names: string[]) =>
  `UnschedulableAndUnresolvable: ${names.map((name) => `Insufficient ${name}`).join(', ')}`;

describe('NodeResourcesFit', () => {
  it.each<[string, Row, string]>([
    ['nothing always fits', { used: use(10, 20) }, 'ok'],
    ['too much of two things', { containers: [use(1, 1)], used: use(10, 20) }, short('cpu', 'memory')],
    [
      'too much of two things at the start',
      { containers: [use(1, 1)], init: [use(3, 1)], used: use(8, 19) },
      short('cpu'),
    ],
    [
      'the greatest start counts',
      { containers: [use(1, 1)], init: [use(3, 1), use(2, 1)], used: use(8, 19) },
      short('cpu'),
    ],
    [
      'too much memory at the start',
      { containers: [use(1, 1)], init: [use(1, 3)], used: use(9, 19) },
      short('memory'),
    ],
    ['a start that fits', { containers: [use(1, 1)], init: [use(1, 1)], used: use(9, 19) }, 'ok'],
    [
      'several starts that fit',
      { containers: [use(1, 1)], init: [use(1, 1), use(1, 1)], used: use(9, 19) },
      'ok',
    ],
    ['both fit', { containers: [use(1, 1)], used: use(5, 5) }, 'ok'],
    ['memory fits, cpu does not', { containers: [use(2, 1)], used: use(9, 5) }, short('cpu')],
    ['cpu fits, memory does not', { containers: [use(1, 2)], used: use(5, 19) }, short('memory')],
    ['equal at the edge', { containers: [use(5, 1)], used: use(5, 19) }, 'ok'],
    ['more than there is of it', { containers: [use(11, 1)] }, never('cpu')],
    [
      'one thing is hopeless, so all is',
      { containers: [use(11, 2)], used: use(0, 19) },
      never('cpu', 'memory'),
    ],
    ['zero of a device needs none', { containers: [{ [gpu]: '0' }], used: { [gpu]: '5' } }, 'ok'],
    ['devices fit', { containers: [{ ...use(1, 1), [gpu]: '3' }], used: { [gpu]: '2' } }, 'ok'],
    ['devices are gone', { containers: [{ [gpu]: '1' }], used: { [gpu]: '5' } }, short(gpu)],
    ['devices of several containers add up', { containers: [{ [gpu]: '3' }, { [gpu]: '3' }] }, never(gpu)],
    [
      'devices of several starts do not',
      { init: [{ [gpu]: '3' }, { [gpu]: '3' }], used: { [gpu]: '2' } },
      'ok',
    ],
    ['devices at the start', { init: [{ [gpu]: '1' }], used: { [gpu]: '5' } }, short(gpu)],
    [
      'devices that the node does not have',
      { containers: [{ 'example.com/nic': '1' }] },
      never('example.com/nic'),
    ],
    ['resources of kubernetes.io count', { containers: [{ [own]: '10' }] }, never(own)],
    ['huge pages', { containers: [{ [huge]: '1' }], used: { [huge]: '5' } }, short(huge)],
    ['huge pages that fit', { containers: [{ [huge]: '3' }], used: { [huge]: '2' } }, 'ok'],
    [
      'ephemeral storage',
      { containers: [{ 'ephemeral-storage': '10' }], used: { 'ephemeral-storage': '19' } },
      short('ephemeral-storage'),
    ],
    [
      'more ephemeral storage than there is',
      { containers: [{ 'ephemeral-storage': '25' }] },
      never('ephemeral-storage'),
    ],
    [
      'overhead that fits',
      { containers: [use(1, 1)], spec: { overhead: use(3, 13) }, used: use(5, 5) },
      'ok',
    ],
    [
      'overhead that does not',
      { containers: [use(1, 1)], spec: { overhead: use(1, 15) }, used: use(5, 5) },
      short('memory'),
    ],
    [
      'an ignored device',
      { containers: [{ 'example.com/nic': '1' }], args: { ignoredResources: ['example.com/nic'] } },
      'ok',
    ],
    [
      'a device of an ignored group',
      { containers: [{ 'example.com/nic': '2' }], args: { ignoredResourceGroups: ['example.com'] } },
      'ok',
    ],
    [
      'some of it ignored',
      {
        containers: [{ 'example.com/nic': '2', [own]: '1' }],
        args: { ignoredResourceGroups: ['example.com'] },
      },
      never(own),
    ],
    [
      'sidecars run beside the containers',
      { containers: [use(5, 1)], sidecars: [use(3, 1)], used: use(3, 0) },
      short('cpu'),
    ],
    [
      'sidecars run beside the start',
      { containers: [use(1, 1)], sidecars: [use(3, 1)], init: [use(5, 1)], used: use(3, 0) },
      short('cpu'),
    ],
    [
      'what the Pod says of itself counts',
      { containers: [use(9, 1)], spec: { resources: { requests: use(2, 2) } }, used: use(8, 18) },
      'ok',
    ],
    [
      'what the Pod says of itself is too much',
      { containers: [use(1, 1)], spec: { resources: { requests: use(3, 2) } }, used: use(8, 18) },
      short('cpu'),
    ],
  ])('%s', (_, { init = [], sidecars = [], containers = [], spec, used, args }, expected) => {
    const target = info({
      containers: containers.map((requests) => container(requests)),
      spec: {
        ...spec,
        initContainers: [
          ...sidecars.map((requests) => container(requests, { restartPolicy: 'Always' })),
          ...init.map((requests) => container(requests)),
        ],
      },
    });
    const pods = used === undefined ? [] : [info({ containers: [container(used)] })];
    expect(verdict(nodeResourcesFit(args), target, nodeWith('n', { allocatable, pods }))).toBe(expected);
  });

  it.each<[string, Requests, Requests, string]>([
    ['even nothing', {}, use(10, 20), 'Unschedulable: Too many pods'],
    [
      'with all that is missing',
      use(1, 1),
      use(10, 20),
      'Unschedulable: Too many pods, Insufficient cpu, Insufficient memory',
    ],
    ['with some of it', use(1, 1), use(5, 20), 'Unschedulable: Too many pods, Insufficient memory'],
    ['where all else fits', use(1, 1), use(5, 5), 'Unschedulable: Too many pods'],
  ])('has no room for another Pod: %s', (_, requests, used, expected) => {
    const on = nodeWith('n', {
      allocatable: { ...use(10, 20), pods: '1' },
      pods: [info({ requests: used })],
    });
    expect(verdict(nodeResourcesFit(), info({ requests }), on)).toBe(expected);
  });
});

describe('a Pod that is resized in place', () => {
  const resized = (wanted: number, inForce: number, promised: number, reason?: string) =>
    info({
      containers: [container({ cpu: `${wanted}m` })],
      status: {
        containerStatuses: [
          {
            name: 'c',
            resources: { requests: { cpu: `${inForce}m` } },
            allocatedResources: { cpu: `${promised}m` },
          },
        ] as never,
        ...(reason === undefined
          ? {}
          : { conditions: [{ type: 'PodResizePending', status: 'True', reason }] }),
      },
    });
  it.each<[string, ReturnType<typeof info>, number]>([
    ['what it grows to', resized(5, 2, 2), 5],
    ['what it has, while it shrinks', resized(2, 5, 2), 5],
    ['what it was promised', resized(2, 2, 4), 4],
    ['what it waits for', resized(7, 2, 2, 'Deferred'), 7],
    ['not what it cannot have', resized(7, 2, 3, 'Infeasible'), 3],
  ])('counts with %s', (_, one, expected) => {
    expect(one.requests.get('cpu')).toBe(expected);
  });
});
