import type { PodAffinityTerm } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { addPodTo, cloneNodeInfo, removePodFrom, type CycleState, type PodInfo } from '../framework/index.ts';
import {
  info,
  nodeWith,
  scoreAll,
  snapshot,
  verdict,
  type PodShape,
} from '../framework/testing.spec-support.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';

// The facts of kube-scheduler's own tables about Pods that are drawn to others, and kept away from them.

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
const term = (
  topologyKey: string,
  key: string,
  operator: Operator,
  values: string[] = [],
  more: Partial<PodAffinityTerm> = {},
): PodAffinityTerm => ({
  topologyKey,
  labelSelector: { matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }] },
  ...more,
});
interface Wishes {
  readonly near?: PodAffinityTerm[];
  readonly apart?: PodAffinityTerm[];
  readonly preferNear?: [number, PodAffinityTerm][];
  readonly preferApart?: [number, PodAffinityTerm][];
}
const wishing = ({ near, apart, preferNear, preferApart }: Wishes): PodShape['spec'] & object => {
  const weighted = (list: [number, PodAffinityTerm][] | undefined) =>
    list?.map(([weight, podAffinityTerm]) => ({ weight, podAffinityTerm }));
  const of = (terms: PodAffinityTerm[] | undefined, list: [number, PodAffinityTerm][] | undefined) => ({
    ...(terms && { requiredDuringSchedulingIgnoredDuringExecution: terms }),
    ...(list && { preferredDuringSchedulingIgnoredDuringExecution: weighted(list) ?? [] }),
  });
  return { affinity: { podAffinity: of(near, preferNear), podAntiAffinity: of(apart, preferApart) } };
};
const is = (labels: Record<string, string>, wishes: Wishes = {}, more: PodShape = {}) =>
  info({ labels, spec: wishing(wishes), ...more });
const security = { service: 'securityscan' };
const unmet = "UnschedulableAndUnresolvable: node(s) didn't match pod affinity rules";
const apart = "Unschedulable: node(s) didn't match pod anti-affinity rules";
const kept = "Unschedulable: node(s) didn't satisfy existing pods anti-affinity rules";
const to = (...values: string[]) => term('region', 'service', 'In', values);

describe('one node of a region', () => {
  const node = (...pods: PodInfo[]) => nodeWith('n', { labels: { region: 'r1', zone: 'z11' }, pods });
  it.each<[string, PodInfo, PodInfo[], string]>([
    ['a Pod without wishes', is({}), [], 'ok'],
    ['drawn to one that is there', is({}, { near: [to('securityscan', 'value2')] }), [is(security)], 'ok'],
    [
      'drawn to all but one that is not there',
      is({}, { near: [term('region', 'service', 'NotIn', ['x'])] }),
      [is(security)],
      'ok',
    ],
    [
      'drawn to one of another namespace',
      is({}, { near: [term('region', 'service', 'In', ['securityscan'], { namespaces: ['other'] })] }),
      [is(security)],
      unmet,
    ],
    [
      'drawn to one of a namespace that it names',
      is({}, { near: [term('region', 'service', 'In', ['securityscan'], { namespaces: ['other'] })] }),
      [is(security, {}, { namespace: 'other' })],
      'ok',
    ],
    ['drawn to one that is not there', is({}, { near: [to('antivirusscan')] }), [is(security)], unmet],
    [
      'drawn by several terms, all met',
      is({}, { near: [term('region', 'service', 'Exists'), term('region', 'wrongkey', 'DoesNotExist')] }),
      [is(security)],
      'ok',
    ],
    [
      'drawn by several terms, one not met',
      is({}, { near: [to('securityscan'), to('antivirusscan')] }),
      [is(security)],
      unmet,
    ],
    [
      'drawn and kept apart, both met',
      is({}, { near: [to('securityscan')], apart: [to('antivirusscan')] }),
      [is(security)],
      'ok',
    ],
    [
      'drawn and kept apart, and others are, too',
      is({}, { near: [to('securityscan')], apart: [to('antivirusscan')] }),
      [is(security, { apart: [to('antivirusscan')] })],
      'ok',
    ],
    [
      'drawn, but kept apart from the same',
      is({}, { near: [to('securityscan')], apart: [term('zone', 'service', 'In', ['securityscan'])] }),
      [is(security)],
      apart,
    ],
    [
      'one that others keep away',
      is(security),
      [is({ a: 'b' }, { apart: [term('zone', 'service', 'In', ['securityscan'])] })],
      kept,
    ],
    [
      'one that others mind not',
      is({ service: 'x' }),
      [is({ a: 'b' }, { apart: [term('zone', 'service', 'In', ['securityscan'])] })],
      'ok',
    ],
    [
      'drawn to its likes, of which there is none yet',
      is(security, { near: [to('securityscan')] }),
      [],
      'ok',
    ],
    [
      'drawn to its likes, of which there are others elsewhere',
      is(security, { near: [term('rack', 'service', 'Exists')] }),
      [is(security)],
      unmet,
    ],
    [
      'drawn to what it is not itself, of which there is none',
      is({ service: 'x' }, { near: [to('securityscan')] }),
      [],
      unmet,
    ],
    [
      'kept apart from its likes, of which there is none',
      is(security, { apart: [to('securityscan')] }),
      [],
      'ok',
    ],
    [
      'kept apart from what has two marks',
      is({}, { apart: [term('region', 'service', 'Exists'), term('region', 'security', 'Exists')] }),
      [is(security)],
      apart,
    ],
    [
      'one that others keep away by one of two terms',
      is({ service: 'x', security: 'S' }),
      [is({}, { apart: [term('zone', 'service', 'In', ['y']), term('zone', 'security', 'Exists')] })],
      kept,
    ],
  ])('%s', (_, target, pods, expected) => {
    expect(verdict(interPodAffinity(), target, node(...pods))).toBe(expected);
  });

  it.each<[string, Partial<PodAffinityTerm>, string]>([
    ['that are selected', { namespaceSelector: { matchLabels: { team: 'a' } } }, 'ok'],
    ['that are not', { namespaceSelector: { matchLabels: { team: 'b' } } }, unmet],
    ['of any kind', { namespaceSelector: {} }, 'ok'],
    [
      'that are named, though not selected',
      { namespaces: ['sub'], namespaceSelector: { matchLabels: { team: 'b' } } },
      'ok',
    ],
    ['of its own alone', {}, unmet],
  ])('is drawn to Pods of namespaces %s', (_, more, expected) => {
    const plugin = interPodAffinity({}, (name) => (name === 'sub' ? { team: 'a' } : undefined));
    const target = is({}, { near: [term('region', 'service', 'In', ['securityscan'], more)] });
    expect(verdict(plugin, target, node(is(security, {}, { namespace: 'sub' })))).toBe(expected);
  });

  it.each<[string, Partial<PodAffinityTerm>, string]>([
    ['with the same mark', { matchLabelKeys: ['version'] }, 'ok'],
    ['with another mark', { mismatchLabelKeys: ['version'] }, unmet],
    ['with a mark that it does not have', { matchLabelKeys: ['nothing'] }, 'ok'],
  ])('is drawn to Pods %s', (_, more, expected) => {
    const target = is({ version: '1' }, { near: [term('region', 'service', 'Exists', [], more)] });
    expect(verdict(interPodAffinity(), target, node(is({ ...security, version: '1' })))).toBe(expected);
  });
});

describe('several nodes', () => {
  type Where = readonly [labels: Record<string, string>, ...pods: PodInfo[]];
  const list = (...where: Where[]) =>
    where.map(([labels, ...pods], at) => nodeWith(`n${at}`, { labels, pods }));
  const foo = (...values: string[]) => term('region', 'foo', 'In', values);
  const one = { region: 'China', az: 'az1' };
  const two = { region: 'China', az: 'az2' };
  const india = { region: 'India' };
  it.each<[string, PodInfo, Where[], string[]]>([
    [
      'where one of the region is',
      is({ foo: '123' }, { near: [foo('bar')] }),
      [[{ ...one }, is({ foo: 'bar' })], [two], [india]],
      ['ok', 'ok', unmet],
    ],
    [
      'the first of those that want to be together may go where all its domains are',
      is({ foo: 'bar' }, { near: [foo('bar'), term('zone', 'foo', 'In', ['bar'])] }),
      [[{ region: 'r', zone: 'z' }], [{ region: 'r' }]],
      ['ok', unmet],
    ],
    [
      'not where one is that it keeps away from',
      is({}, { apart: [term('region', 'foo', 'In', ['abc'])] }),
      [[one, is({ foo: 'abc' })], [two], [india]],
      [apart, apart, 'ok'],
    ],
    [
      'not where one of two is that it keeps away from',
      is({}, { apart: [foo('abc'), term('az', 'service', 'Exists')] }),
      [
        [one, is({ foo: 'abc' })],
        [india, is({ service: 'x' })],
      ],
      [apart, 'ok'],
    ],
    [
      'not where one is that keeps it away',
      is({ foo: 'abc' }),
      [[one, is({}, { apart: [term('az', 'foo', 'Exists')] })], [two], [india]],
      [kept, 'ok', 'ok'],
    ],
    [
      'not in the region of one that keeps it away',
      is({ foo: 'abc' }),
      [[one, is({}, { apart: [term('region', 'foo', 'Exists')] })], [two], [india]],
      [kept, kept, 'ok'],
    ],
    [
      'one that keeps away by a domain that it is not in keeps nobody',
      is({ foo: 'abc' }),
      [[one, is({}, { apart: [term('invalid', 'foo', 'Exists')] })], [two]],
      ['ok', 'ok'],
    ],
    [
      'where both of two that it is drawn to are',
      is({}, { near: [foo('a'), term('region', 'bar', 'Exists')] }),
      [
        [one, is({ foo: 'a', bar: 'b' })],
        [india, is({ foo: 'a' })],
      ],
      ['ok', unmet],
    ],
  ])('%s', (_, target, where, expected) => {
    const nodes = list(...where);
    expect(nodes.map((node) => verdict(interPodAffinity(), target, node, nodes))).toEqual(expected);
  });

  it('counts Pods that are taken away to try things out', () => {
    const plugin = interPodAffinity();
    const there = is({ foo: 'abc' }, { apart: [term('region', 'own', 'Exists')] });
    const nodes = list([one, there], [two]);
    const target = is({ own: '' }, { apart: [foo('abc')] });
    const state: CycleState = new Map();
    plugin.preFilter?.(state, target, snapshot(nodes));
    const tried = cloneNodeInfo(nodes[0] as (typeof nodes)[0]);
    const status = () => plugin.filter?.(state, target, tried)?.reasons;
    expect(status()).toEqual(["node(s) didn't match pod anti-affinity rules"]);
    removePodFrom(tried, there);
    plugin.removePod?.(state, target, there, tried);
    expect(status()).toBeUndefined();
    addPodTo(tried, there);
    plugin.addPod?.(state, target, there, tried);
    expect(status()).toEqual(["node(s) didn't match pod anti-affinity rules"]);
  });

  const rg1 = { region: 'China' };
  const rg2 = { region: 'India' };
  const s1 = { security: 'S1' };
  const s2 = { security: 'S2' };
  const near = (...values: string[]) => term('region', 'security', 'In', values);
  it.each<[string, PodInfo, Where[], number[] | 'skip', Parameters<typeof interPodAffinity>[0]?]>([
    [
      'nobody wishes anything',
      is(s1),
      [
        [rg1, is(s1)],
        [rg2, is(s2)],
      ],
      'skip',
    ],
    [
      'the region of one that it likes',
      is(s1, { preferNear: [[5, near('S1')]] }),
      [[rg1, is(s1)], [rg2, is(s2)], [rg1]],
      [100, 0, 100],
    ],
    [
      'the more there are the better',
      is(s1, { preferNear: [[8, near('S1')]] }),
      [[rg1, is(s1), is(s1)], [rg2, is(s1)], [{ region: 'x' }]],
      [100, 50, 0],
    ],
    [
      'by weight, of several',
      is(s1, {
        preferNear: [
          [8, near('S1')],
          [2, near('S2')],
        ],
      }),
      [[rg1, is(s1)], [rg2, is(s2)], [{}]],
      [100, 25, 0],
    ],
    [
      'not the region of one that it dislikes',
      is(s1, { preferApart: [[5, near('S1')]] }),
      [
        [rg1, is(s1)],
        [rg2, is(s2)],
      ],
      [0, 100],
    ],
    [
      'liked and disliked',
      is(s1, { preferNear: [[8, near('S1')]], preferApart: [[5, near('S2')]] }),
      [[rg1, is(s1)], [rg2, is(s2)], [{}]],
      [100, 0, 38],
    ],
    ['one that likes it', is(s2), [[rg1, is(s1, { preferNear: [[8, near('S2')]] })], [rg2]], [100, 0]],
    ['one that dislikes it', is(s2), [[rg1, is(s1, { preferApart: [[8, near('S2')]] })], [rg2]], [0, 100]],
    ['one that must be near it', is(s2), [[rg1, is(s1, { near: [near('S2')] })], [rg2]], [100, 0]],
    [
      'one that must be near it, which counts for nothing',
      is(s2),
      [[rg1, is(s1, { near: [near('S2')] })], [rg2]],
      'skip',
      { hardPodAffinityWeight: 0 },
    ],
    [
      'what others wish does not count for one without wishes',
      is(s2),
      [[rg1, is(s1, { preferNear: [[8, near('S2')]] })], [rg2]],
      'skip',
      { ignorePreferredTermsOfExistingPods: true },
    ],
    [
      'what is left of a share is cut off',
      is(s1, {
        preferNear: [
          [29, near('S1')],
          [100, near('S2')],
        ],
      }),
      [[rg1, is(s1)], [rg2, is(s2)], [{}]],
      [28, 100, 0],
    ],
  ])('are rated: %s', (_, target, where, expected, args) => {
    expect(scoreAll(interPodAffinity(args), target, list(...where))).toEqual(expected);
  });
});
