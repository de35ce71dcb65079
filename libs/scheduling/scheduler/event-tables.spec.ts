import type { Node, Pod } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { unresolvable, unschedulable, type EventAction, type Status } from '../framework/index.ts';
import { node, pod, type NodeShape, type PodShape } from '../framework/testing.spec-support.ts';
import { nodesToFind } from './decide.ts';
import { fitErrorMessage, noteOf, type Diagnosis } from './messages.ts';
import { nodeChanges, podChanges } from './node-event.ts';

// The facts of kube-scheduler's own tables about what it makes of changes, and how it tells why no node does.

describe('a change of a node', () => {
  const of = (shape: NodeShape, more: Partial<Node> & { status?: object; metadata?: object } = {}): Node => {
    const made = node('n', shape);
    return {
      ...made,
      metadata: { ...made.metadata, ...more.metadata },
      status: { ...made.status, ...more.status },
    } as Node;
  };
  const ready = (status: string, type = 'Ready') => ({ type, status });
  const conditions = (...list: object[]) => ({ status: { conditions: list as never } });
  const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
  it.each<[string, Node, Node, EventAction[]]>([
    ['is none', of({}), of({}), []],
    [
      'of its mark, which goes',
      of({ unschedulable: true }),
      of({ unschedulable: false }),
      ['UpdateNodeTaint'],
    ],
    ['of its mark, which comes', of({ unschedulable: false }), of({ unschedulable: true }), []],
    ['of its labels', of({ labels: { foo: 'bar' } }), of({ labels: { foo: 'baz' } }), ['UpdateNodeLabel']],
    [
      'of its taints',
      of({ taints: [taint] }),
      of({ taints: [{ ...taint, value: 'w' }] }),
      ['UpdateNodeTaint'],
    ],
    [
      'of what it has',
      of({ allocatable: { cpu: '1' } }),
      of({ allocatable: { cpu: '2' } }),
      ['UpdateNodeAllocatable'],
    ],
    [
      'of how what it has is written',
      of({ allocatable: { cpu: '1' } }),
      of({ allocatable: { cpu: '1000m' } }),
      [],
    ],
    [
      'of a condition',
      of({}, conditions(ready('True'))),
      of({}, conditions(ready('False'))),
      ['UpdateNodeCondition'],
    ],
    [
      'of the order of conditions',
      of({}, conditions(ready('True'), ready('True', 'x'))),
      of({}, conditions(ready('True', 'x'), ready('True'))),
      [],
    ],
    [
      'of when a condition was seen',
      of({}, conditions({ ...ready('True'), lastHeartbeatTime: '1' })),
      of({}, conditions({ ...ready('True'), lastHeartbeatTime: '2' })),
      [],
    ],
    [
      'of its annotations',
      of({}),
      of({}, { metadata: { annotations: { a: 'b' } } }),
      ['UpdateNodeAnnotation'],
    ],
    [
      'of several things',
      of({ labels: { foo: 'bar' }, allocatable: { cpu: '1' } }),
      of({ labels: { foo: 'baz' }, allocatable: { cpu: '2' } }),
      ['UpdateNodeAllocatable', 'UpdateNodeLabel'],
    ],
  ])('%s', (_, previous, now, expected) => {
    expect(nodeChanges(now, previous)).toEqual(expected);
  });
});

describe('a change of a Pod', () => {
  const of = (shape: PodShape, generation?: number): Pod => {
    const made = pod({ name: 'p', ...shape });
    return generation === undefined ? made : { ...made, metadata: { ...made.metadata, generation } };
  };
  const asks = (...requests: Record<string, string>[]): PodShape => ({
    containers: requests.map((one, at) => ({ name: `c${at}`, resources: { requests: one } })),
  });
  const tolerates = (...keys: string[]): PodShape => ({
    spec: { tolerations: keys.map((key) => ({ key, operator: 'Exists' })) },
  });
  const gated = (...names: string[]): PodShape => ({
    spec: { schedulingGates: names.map((name) => ({ name })) },
  });
  const has = (cpu: string): PodShape => ({
    ...asks({ cpu: '1' }),
    status: { containerStatuses: [{ name: 'c0', resources: { requests: { cpu } } }] as never },
  });
  const claim = { status: { resourceClaimStatuses: [{ name: 'r', resourceClaimName: 'c' }] } };
  const extended = {
    status: { extendedResourceClaimStatus: { resourceClaimName: 'c', requestMappings: [] } },
  };
  it.each<[string, Pod, Pod, EventAction[]]>([
    ['is nothing in particular', of({}), of({ spec: { nodeName: 'n' } }), ['Update']],
    ['of its labels', of({ labels: { foo: 'bar' } }), of({ labels: { foo: 'baz' } }), ['UpdatePodLabel']],
    ['to less', of(asks({ cpu: '2' })), of(asks({ cpu: '1' })), ['UpdatePodScaleDown']],
    ['to more', of(asks({ cpu: '1' })), of(asks({ cpu: '2' })), ['Update']],
    [
      'to less of one, more of another',
      of(asks({ cpu: '2', memory: '1' })),
      of(asks({ cpu: '1', memory: '2' })),
      ['UpdatePodScaleDown'],
    ],
    [
      'to none of something',
      of(asks({ cpu: '2', 'x/y': '1' })),
      of(asks({ cpu: '2' })),
      ['UpdatePodScaleDown'],
    ],
    [
      'from one container to another',
      of(asks({ cpu: '2' }, { cpu: '1' })),
      of(asks({ cpu: '1' }, { cpu: '2' })),
      ['Update'],
    ],
    ['to less, which its node has given back now', of(has('2'), 2), of(has('1'), 2), ['UpdatePodScaleDown']],
    ['of the number of its tolerations', of(tolerates()), of(tolerates('a')), ['UpdatePodTolerations']],
    ['of its last gate', of(gated('a')), of({}), ['UpdatePodSchedulingGatesEliminated']],
    ['of one of its gates', of(gated('a', 'b')), of(gated('b')), ['Update']],
    ['of its claims', of({}), of(claim), ['UpdatePodGeneratedResourceClaim']],
    ['of the claim for its extended resources', of({}), of(extended), ['UpdatePodGeneratedResourceClaim']],
    [
      'of several things',
      of({ labels: { a: 'b' }, ...asks({ cpu: '2' }) }),
      of({ labels: { a: 'c' }, ...asks({ cpu: '1' }) }),
      ['UpdatePodLabel', 'UpdatePodScaleDown'],
    ],
    [
      'of its status',
      of({ status: { phase: 'Pending' } }, 1),
      of({ status: { phase: 'Running' } }, 1),
      ['Update'],
    ],
  ])('%s', (_, previous, now, expected) => {
    expect(podChanges(now, previous)).toEqual(expected);
  });
});

describe('why no node does', () => {
  const on = (...list: Status[]) => new Map(list.map((status, at) => [`n${at}`, status]));
  const under = unschedulable('Node(s) failed PreFilter plugin FalsePreFilter');
  it.each<[string, Diagnosis, string, string]>([
    ['there is none', { nodeCount: 0, statuses: on() }, '', 'no nodes available to schedule pods'],
    [
      'a Pod that was refused at once',
      {
        nodeCount: 3,
        statuses: on(),
        absent: under,
        preFilterMessage: 'Node(s) failed PreFilter plugin FalsePreFilter',
      },
      '',
      '0/3 nodes are available: Node(s) failed PreFilter plugin FalsePreFilter.',
    ],
    [
      'one reason for all',
      { nodeCount: 3, statuses: on(under, under, under) },
      '',
      '0/3 nodes are available: 3 Node(s) failed PreFilter plugin FalsePreFilter.',
    ],
    [
      'several reasons, as they sort',
      { nodeCount: 3, statuses: on(unschedulable('b'), unschedulable('a', 'c'), unschedulable('b')) },
      '',
      '0/3 nodes are available: 1 a, 1 c, 2 b.',
    ],
    [
      'what cannot be done about it',
      { nodeCount: 3, statuses: on(unschedulable('a'), unschedulable('a')), absent: unresolvable('b') },
      'Error running PostFilter plugin FailedPostFilter',
      '0/3 nodes are available: 1 b, 2 a. Error running PostFilter plugin FailedPostFilter',
    ],
    [
      'nothing but that',
      { nodeCount: 3, statuses: on(), absent: unresolvable() },
      'preemption: no.',
      '0/3 nodes are available: preemption: no.',
    ],
    [
      'ten of one and two of another',
      { nodeCount: 12, statuses: on(unschedulable('a'), unschedulable('a')), absent: unresolvable('b') },
      '',
      '0/12 nodes are available: 10 b, 2 a.',
    ],
  ])('%s', (_, diagnosis, after, expected) => {
    expect(fitErrorMessage(diagnosis, after)).toBe(expected);
  });

  it.each([
    [1023, 1023],
    [1024, 1024],
    [1025, 1024],
    [5000, 1024],
  ])('is cut in an event: %d become %d', (length, expected) => {
    const note = noteOf('x'.repeat(length));
    expect(note).toHaveLength(expected);
    expect(note.endsWith(' ...')).toBe(length > 1024);
  });
});

it.each<[number, number | undefined, number]>([
  [10, undefined, 10],
  [10, 40, 10],
  [1000, undefined, 420],
  [1000, 40, 400],
  [6000, undefined, 300],
  [6000, 40, 2400],
  [300, 10, 100],
  [100, 5, 100],
  [5000, 100, 5000],
  [5000, 0, 500],
])('of %d nodes, at %s percent, %d are enough', (count, percentage, expected) => {
  expect(nodesToFind(count, percentage)).toBe(expected);
});
