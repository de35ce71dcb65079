import type { TopologySpreadConstraint } from '@drydock/api/core/v1';
import { selectorFromSet } from '@drydock/base/apimachinery';
import { describe, expect, it } from 'vitest';
import { filterAll, info, nodeWith, scoreAll } from '../framework/testing.spec-support.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { podTopologySpread } from './pod-topology-spread.ts';

const foo = (name?: string) => info({ ...(name === undefined ? {} : { name }), labels: { foo: '' } });
const inZone = (name: string, zone: string, pods = 0) =>
  nodeWith(name, { labels: { zone }, pods: Array.from({ length: pods }, (_, at) => foo(`${name}-${at}`)) });
const skewed = "node(s) didn't match pod topology spread constraints";

describe('PodTopologySpread filter', () => {
  const spread = (
    more: Partial<TopologySpreadConstraint> = {},
    labels: Record<string, string> = { foo: '' },
  ) =>
    info({
      labels,
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchExpressions: [{ key: 'foo', operator: 'Exists' }] },
            ...more,
          },
        ],
      },
    });
  const nodes = [inZone('a', 'z1', 2), inZone('b', 'z1', 1), inZone('x', 'z2', 2), nodeWith('none')];

  it('keeps the skew', () => {
    expect(filterAll(podTopologySpread(), spread(), nodes)).toEqual({
      a: skewed,
      b: skewed,
      x: 'ok',
      none: `${skewed} (missing required label)`,
    });
    expect(filterAll(podTopologySpread(), spread({ maxSkew: 2 }), nodes)['a']).toBe('ok');
  });

  it('does not count a Pod that its selector leaves out', () => {
    expect(filterAll(podTopologySpread(), spread({}, {}), nodes)['a']).toBe('ok');
  });

  it('takes the lowest for 0 while there are fewer domains than minDomains', () => {
    expect(filterAll(podTopologySpread(), spread({ minDomains: 3 }), nodes)['x']).toBe(skewed);
    expect(filterAll(podTopologySpread(), spread({ minDomains: 2 }), nodes)['x']).toBe('ok');
  });

  it('counts nodes that the Pod cannot use only where it is told to ignore that', () => {
    const tainted = nodeWith('t', { labels: { zone: 'z3' }, taints: [{ key: 'k', effect: 'NoSchedule' }] });
    const ignore = filterAll(podTopologySpread(), spread({}), [...nodes, tainted]);
    const honor = filterAll(podTopologySpread(), spread({ nodeTaintsPolicy: 'Honor' }), [...nodes, tainted]);
    expect([ignore['x'], honor['x']]).toEqual([skewed, 'ok']);
  });

  it('counts only Pods of the same revision with matchLabelKeys', () => {
    const target = spread({ matchLabelKeys: ['bar'] }, { foo: '', bar: 'new' });
    expect(filterAll(podTopologySpread(), target, nodes)['a']).toBe('ok');
  });

  it('ignores terminating Pods and other namespaces', () => {
    const going = info({ labels: { foo: '' } });
    const ending = {
      ...going,
      pod: { ...going.pod, metadata: { ...going.pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    };
    const other = info({ labels: { foo: '' }, namespace: 'other' });
    const busy = nodeWith('busy', { labels: { zone: 'z1' }, pods: [ending, other] });
    expect(filterAll(podTopologySpread(), spread(), [busy, inZone('x', 'z2')])['busy']).toBe('ok');
  });
});

describe('PodTopologySpread score', () => {
  it('rates by the number of likes on the host', () => {
    const target = info({
      labels: { foo: '' },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchExpressions: [{ key: 'foo', operator: 'Exists' }] },
          },
        ],
      },
    });
    const nodes = [inZone('a', 'z', 2), inZone('b', 'z', 1), inZone('c', 'z', 0), inZone('d', 'z', 3)];
    expect(scoreAll(podTopologySpread(), target, nodes)).toEqual([20, 60, 100, 0]);
  });

  it('spreads by the defaults what has a selector', () => {
    const plugin = podTopologySpread({}, () => selectorFromSet({ foo: '' }));
    const zones = (zone: string) => ({ 'topology.kubernetes.io/zone': zone });
    const nodes = [
      nodeWith('a', { labels: zones('1'), pods: [foo(), foo()] }),
      nodeWith('b', { labels: zones('1') }),
      nodeWith('c', { labels: zones('2') }),
    ];
    const scores = scoreAll(plugin, foo(), nodes) as number[];
    expect(scores[2]).toBe(100);
    expect(scores[1]).toBeGreaterThan(scores[0] ?? 0);
    expect(scoreAll(podTopologySpread(), foo(), nodes)).toBe('skip');
    expect(
      scoreAll(
        podTopologySpread({ defaultingType: 'List' }, () => selectorFromSet({ foo: '' })),
        foo(),
        nodes,
      ),
    ).toBe('skip');
  });
});

describe('InterPodAffinity', () => {
  const term = (app: string, topologyKey = 'zone') => ({
    topologyKey,
    labelSelector: { matchLabels: { app } },
  });
  const affine = (app: string, labels: Record<string, string> = {}) =>
    info({
      labels,
      spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app)] } } },
    });
  const averse = (app: string, labels: Record<string, string> = {}) =>
    info({
      labels,
      spec: {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app)] } },
      },
    });
  const web = () => info({ labels: { app: 'web' } });
  const zoned = (name: string, zone: string, ...pods: ReturnType<typeof web>[]) =>
    nodeWith(name, { labels: { zone }, pods });
  const nodes = [zoned('a', '1', web()), zoned('b', '1'), zoned('c', '2')];

  it('follows, keeps apart, and respects those that are there', () => {
    const unmet = "node(s) didn't match pod affinity rules";
    expect(filterAll(interPodAffinity(), affine('web'), nodes)).toEqual({ a: 'ok', b: 'ok', c: unmet });
    const anti = "node(s) didn't match pod anti-affinity rules";
    expect(filterAll(interPodAffinity(), averse('web'), nodes)).toEqual({ a: anti, b: anti, c: 'ok' });
    const there = "node(s) didn't satisfy existing pods anti-affinity rules";
    expect(
      filterAll(interPodAffinity(), web(), [
        zoned('a', '1', averse('web')),
        zoned('b', '1'),
        zoned('c', '2'),
      ]),
    ).toEqual({ a: there, b: there, c: 'ok' });
  });

  it('lets the first of a group go anywhere, and others nowhere', () => {
    const empty = [zoned('a', '1'), nodeWith('keyless')];
    expect(filterAll(interPodAffinity(), affine('self', { app: 'self' }), empty)).toEqual({
      a: 'ok',
      keyless: "node(s) didn't match pod affinity rules",
    });
    expect(filterAll(interPodAffinity(), affine('self'), empty)['a']).toBe(
      "node(s) didn't match pod affinity rules",
    );
  });

  it('selects namespaces by labels', () => {
    const plugin = interPodAffinity({}, (name) => ({ team: name === 'default' ? 'x' : 'y' }));
    const other = info({
      namespace: 'other',
      spec: {
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { ...term('web'), namespaceSelector: { matchLabels: { team: 'x' } } },
            ],
          },
        },
      },
    });
    expect(filterAll(plugin, other, nodes)['a']).toBe('ok');
  });

  it('rates preferences both ways', () => {
    const prefers = info({
      spec: {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term('web') }],
          },
        },
      },
    });
    expect(scoreAll(interPodAffinity(), prefers, nodes)).toEqual([100, 100, 0]);
    const shuns = info({
      spec: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term('web') }],
          },
        },
      },
    });
    expect(scoreAll(interPodAffinity(), shuns, nodes)).toEqual([0, 0, 100]);
    const magnet = [zoned('a', '1', affine('web')), zoned('b', '2')];
    expect(scoreAll(interPodAffinity(), web(), magnet)).toEqual([100, 0]);
    expect(scoreAll(interPodAffinity({ hardPodAffinityWeight: 0 }), web(), magnet)).toBe('skip');
  });
});
