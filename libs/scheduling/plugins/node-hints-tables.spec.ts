import type { Taint, Toleration } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { info, isTriedAfter, node, pod } from '../framework/testing.spec-support.ts';
import { nodeAffinity, type NodeAffinityArgs } from './node-affinity.ts';
import { nodeName, nodePorts, nodeUnschedulable, schedulingGates, taintToleration } from './node-basics.ts';
import { nodeResourcesFit } from './node-resources.ts';

// The facts of kube-scheduler's own tables about what makes a refused Pod worth another try.

type NodeLike = ReturnType<typeof node> | undefined;

const marked = (unschedulable: boolean) => node('n', { unschedulable });
const mark: Toleration = { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' };

describe('NodeUnschedulable tries again', () => {
  it.each<[string, NodeLike, NodeLike, boolean]>([
    ['a new node is marked', undefined, marked(true), false],
    ['a new node is not', undefined, marked(false), true],
    ['the mark stays away', marked(false), marked(false), false],
    ['the mark stays', marked(true), marked(true), false],
    ['the mark comes', marked(false), marked(true), false],
    ['the mark goes', marked(true), marked(false), true],
  ])('when %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'UpdateNodeTaint';
    expect(isTriedAfter(nodeUnschedulable, info(), ['Node', action], { object, previous })).toBe(expected);
  });

  it.each<[string, string, Toleration[], boolean]>([
    ['it tolerates the mark now', 'own', [mark], true],
    ['it tolerates something else now', 'own', [{ key: 'x', operator: 'Exists' }], false],
    ['another Pod tolerates the mark now', 'other', [mark], false],
  ])('when %s', (_, name, tolerations, expected) => {
    const target = info({ name: 'own' });
    const event = { previous: pod({ name }), object: pod({ name, spec: { tolerations } }) };
    expect(isTriedAfter(nodeUnschedulable, target, ['UnscheduledPod', 'UpdatePodTolerations'], event)).toBe(
      expected,
    );
  });
});

const withPort = (hostPort: number | undefined, more: Parameters<typeof pod>[0] = {}) =>
  pod({
    containers: [
      { name: 'c', ports: [{ containerPort: 80, ...(hostPort === undefined ? {} : { hostPort }) }] },
    ],
    ...more,
  });
const placed = { spec: { nodeName: 'n' } };

describe('NodePorts tries again', () => {
  it.each<[string, ReturnType<typeof pod>, boolean]>([
    ['a Pod without a node went', withPort(80), false],
    ['a Pod without ports went', withPort(undefined, placed), false],
    ['a Pod with another port went', withPort(8081, placed), false],
    ['a Pod with its port went', withPort(8080, placed), true],
    [
      'a Pod with its port that was promised a node went',
      withPort(8080, { status: { nominatedNodeName: 'n' } }),
      true,
    ],
  ])('when %s', (_, previous, expected) => {
    const target = info({
      containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }],
    });
    expect(isTriedAfter(nodePorts, target, ['AssignedPod', 'Delete'], { previous })).toBe(expected);
  });

  it('when a node came, not when one changed', () => {
    expect(isTriedAfter(nodePorts, info(), ['Node', 'Add'], { object: node('n') })).toBe(true);
    expect(isTriedAfter(nodeName, info(), ['Node', 'Add'], { object: node('n') })).toBe(true);
    expect(
      isTriedAfter(nodeName, info(), ['Node', 'UpdateNodeLabel'], {
        object: node('n'),
        previous: node('n'),
      }),
    ).toBe(false);
  });
});

const tainted = (...taints: Taint[]) => node('n', { taints });
const hard: Taint = { key: 'foo', value: 'bar', effect: 'NoExecute' };
const soft: Taint = { ...hard, effect: 'PreferNoSchedule' };
const tolerant = { spec: { tolerations: [{ key: 'foo', operator: 'Equal', value: 'bar' }] } };

describe('TaintToleration tries again', () => {
  it.each<[string, object, NodeLike, NodeLike, boolean]>([
    ['a new node has a taint that it does not tolerate', {}, undefined, tainted(hard), false],
    ['a new node has a taint that it tolerates', tolerant, undefined, tainted(hard), true],
    ['a new node has a soft taint', {}, undefined, tainted(soft), true],
    ['the taint stays', {}, tainted(hard), tainted(hard), false],
    ['the taint goes', {}, tainted(hard), tainted(), true],
    ['the taint comes', {}, tainted(), tainted(hard), false],
    ['a taint that never mattered goes', tolerant, tainted(hard), tainted(), false],
    ['the taint becomes soft', {}, tainted(hard), tainted(soft), true],
    ['another taint is all that goes', {}, tainted(hard, { ...hard, key: 'b' }), tainted(hard), false],
  ])('when %s', (_, shape, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'UpdateNodeTaint';
    expect(isTriedAfter(taintToleration, info(shape), ['Node', action], { object, previous })).toBe(expected);
  });

  it('when it got a toleration itself', () => {
    const target = info({ name: 'own' });
    const change = ['UnscheduledPod', 'UpdatePodTolerations'] as const;
    const event = (name: string) => ({ previous: pod({ name }), object: pod({ name, ...tolerant }) });
    expect(isTriedAfter(taintToleration, target, change, event('own'))).toBe(true);
    expect(isTriedAfter(taintToleration, target, change, event('other'))).toBe(false);
  });
});

const zoned = (zone: string) => node('n', { labels: { zone } });
const inZone = { spec: { nodeSelector: { zone: 'east' } } };
const added: NodeAffinityArgs = {
  addedAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'foo', operator: 'In', values: ['bar'] }] }],
    },
  },
};
const ofPool = (foo: string) => node('n', { labels: { zone: 'east', foo } });

describe('NodeAffinity tries again', () => {
  it.each<[string, NodeAffinityArgs, NodeLike, NodeLike, boolean]>([
    ['a new node does not match', {}, undefined, zoned('west'), false],
    ['a new node matches', {}, undefined, zoned('east'), true],
    ['a node does not match, as before', {}, zoned('west'), zoned('north'), false],
    ['a node matches, as before', {}, zoned('east'), zoned('east'), false],
    ['a node comes to match', {}, zoned('west'), zoned('east'), true],
    ['a node ceases to match', {}, zoned('east'), zoned('west'), false],
    ['a new node is not of the profile', added, undefined, ofPool('other'), false],
    ['a new node is of the profile', added, undefined, ofPool('bar'), true],
    [
      'a node is of the profile but no match',
      added,
      zoned('west'),
      node('n', { labels: { foo: 'bar' } }),
      false,
    ],
  ])('when %s', (_, args, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'UpdateNodeLabel';
    expect(isTriedAfter(nodeAffinity(args), info(inZone), ['Node', action], { object, previous })).toBe(
      expected,
    );
  });
});

it('SchedulingGates lets a Pod go whose own gates are gone', () => {
  const target = info({ name: 'own', spec: { schedulingGates: [{ name: 'g' }] } });
  const change = ['UnscheduledPod', 'UpdatePodSchedulingGatesEliminated'] as const;
  expect(isTriedAfter(schedulingGates, target, change, { object: pod({ name: 'own' }) })).toBe(true);
  expect(isTriedAfter(schedulingGates, target, change, { object: pod({ name: 'other' }) })).toBe(false);
});

const asking = (requests: Record<string, string>, more: Parameters<typeof pod>[0] = {}) =>
  pod({ name: 'other', requests, ...more });
const sized = (cpu: string, memory = '1Gi', more: Record<string, string> = {}) =>
  node('n', { allocatable: { cpu, memory, pods: '110', ...more } });

describe('NodeResourcesFit tries again', () => {
  it.each<[string, Record<string, string>, NodeLike, NodeLike, boolean]>([
    ['a new node is too small', { cpu: '2' }, undefined, sized('1'), false],
    ['a new node is large enough', { cpu: '1' }, undefined, sized('1'), true],
    ['a new node has no room for any Pod', {}, undefined, sized('1', '1Gi', { pods: '0' }), false],
    ['a node grows, and is large enough', { cpu: '2' }, sized('1'), sized('2'), true],
    ['a node grows, and is too small still', { cpu: '4' }, sized('1'), sized('2'), false],
    ['a node grows in what it does not want', { cpu: '1' }, sized('1'), sized('1', '2Gi'), false],
    ['a node shrinks', { cpu: '1' }, sized('4'), sized('2'), false],
    ['a node takes more Pods', { cpu: '1' }, sized('1'), sized('1', '1Gi', { pods: '120' }), true],
    ['a node gets the device', { 'a.b/gpu': '1' }, sized('1'), sized('1', '1Gi', { 'a.b/gpu': '1' }), true],
    [
      'a node gets another device',
      { 'a.b/gpu': '1' },
      sized('1', '1Gi', { 'a.b/gpu': '1' }),
      sized('1', '1Gi', { 'a.b/gpu': '1', 'a.b/nic': '1' }),
      false,
    ],
  ])('when %s', (_, requests, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'UpdateNodeAllocatable';
    expect(isTriedAfter(nodeResourcesFit(), info({ requests }), ['Node', action], { object, previous })).toBe(
      expected,
    );
  });

  it.each<[string, ReturnType<typeof pod>, boolean]>([
    ['without a node', asking({ cpu: '1' }), false],
    ['that was promised a node', asking({ cpu: '1' }, { status: { nominatedNodeName: 'n' } }), true],
    ['on a node', asking({ cpu: '1' }, placed), true],
  ])('when a Pod went %s: %s', (_, previous, expected) => {
    expect(
      isTriedAfter(nodeResourcesFit(), info({ requests: { cpu: '1' } }), ['AssignedPod', 'Delete'], {
        previous,
      }),
    ).toBe(expected);
  });

  it.each<[string, Record<string, string>, Record<string, string>, boolean]>([
    ['less of what it wants', { cpu: '2', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }, true],
    ['less of something else', { cpu: '1', memory: '2Gi' }, { cpu: '1', memory: '1Gi' }, false],
    ['more', { cpu: '1' }, { cpu: '2' }, false],
  ])('when a Pod on a node makes do with %s', (_, before, after, expected) => {
    expect(
      isTriedAfter(
        nodeResourcesFit(),
        info({ requests: { cpu: '1' } }),
        ['AssignedPod', 'UpdatePodScaleDown'],
        { previous: asking(before, placed), object: asking(after, placed) },
      ),
    ).toBe(expected);
  });

  it('when it makes do with less itself', () => {
    const target = info({ name: 'own', requests: { cpu: '2' } });
    const change = ['UnscheduledPod', 'UpdatePodScaleDown'] as const;
    const event = (name: string) => ({
      previous: pod({ name, requests: { cpu: '2' } }),
      object: pod({ name, requests: { cpu: '1' } }),
    });
    expect(isTriedAfter(nodeResourcesFit(), target, change, event('own'))).toBe(true);
    expect(isTriedAfter(nodeResourcesFit(), target, change, event('other'))).toBe(false);
  });
});
