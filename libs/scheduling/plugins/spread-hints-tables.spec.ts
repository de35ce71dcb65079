import type { Pod, TopologySpreadConstraint } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { info, isTriedAfter, node, pod, type PodShape } from '../framework/testing.spec-support.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { podTopologySpread } from './pod-topology-spread.ts';

// The facts of kube-scheduler's own tables about what makes a Pod worth another try that other Pods keep from nodes.

const spread = podTopologySpread({ defaultingType: 'List' });
const over = (
  topologyKey: string,
  app: string,
  more: Partial<TopologySpreadConstraint> = {},
): TopologySpreadConstraint => ({
  topologyKey,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchExpressions: [{ key: app, operator: 'Exists' }] },
  ...more,
});
const spreading = (...topologySpreadConstraints: TopologySpreadConstraint[]) =>
  info({ name: 'own', labels: { foo: '' }, spec: { topologySpreadConstraints } });
const byZone = spreading(over('zone', 'foo'));
const other = (labels: Record<string, string>, shape: PodShape = { spec: { nodeName: 'n' } }) =>
  pod({ name: 'other', labels, ...shape });

describe('PodTopologySpread tries again', () => {
  it.each<[string, Pod | undefined, Pod | undefined, boolean]>([
    ['a Pod came that counts', undefined, other({ foo: '' }), true],
    ['a Pod came that does not count', undefined, other({ bar: '' }), false],
    ['a Pod that counts went', other({ foo: '' }), undefined, true],
    ['a Pod that does not count went', other({ bar: '' }), undefined, false],
    ['a Pod comes to count', other({ bar: '' }), other({ foo: '' }), true],
    ['a Pod ceases to count', other({ foo: '' }), other({ bar: '' }), true],
    ['a Pod counts, as before', other({ foo: '' }), other({ foo: '1' }), false],
    [
      'a Pod of another namespace came',
      undefined,
      other({ foo: '' }, { namespace: 'x', spec: { nodeName: 'n' } }),
      false,
    ],
    ['a Pod came that has no node', undefined, other({ foo: '' }, {}), false],
  ])('when %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : object === undefined ? 'Delete' : 'UpdatePodLabel';
    expect(isTriedAfter(spread, byZone, ['AssignedPod', action], { previous, object })).toBe(expected);
  });

  it.each<[string, PodShape, PodShape, TopologySpreadConstraint, boolean]>([
    ['its labels match less', { labels: { foo: '' } }, { labels: {} }, over('zone', 'foo'), true],
    [
      'its labels match as before',
      { labels: { foo: '' } },
      { labels: { foo: '', x: '' } },
      over('zone', 'foo'),
      false,
    ],
    [
      'it tolerates more, and taints count',
      {},
      { spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } },
      over('zone', 'foo', { nodeTaintsPolicy: 'Honor' }),
      true,
    ],
    [
      'it tolerates more, and taints do not count',
      {},
      { spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } },
      over('zone', 'foo'),
      false,
    ],
  ])('when %s', (_, before, after, constraint, expected) => {
    const event = { previous: pod({ name: 'own', ...before }), object: pod({ name: 'own', ...after }) };
    const action = after.spec === undefined ? 'UpdatePodLabel' : 'UpdatePodTolerations';
    expect(isTriedAfter(spread, spreading(constraint), ['UnscheduledPod', action], event)).toBe(expected);
  });

  const zone = (labels: Record<string, string>) => node('n', { labels });
  const both = spreading(over('zone', 'foo'), over('rack', 'foo'));
  it.each<[string, ReturnType<typeof node> | undefined, ReturnType<typeof node> | undefined, boolean]>([
    ['a node of both kinds of domain came', undefined, zone({ zone: 'a', rack: '1' }), true],
    ['a node of one kind came', undefined, zone({ zone: 'a' }), false],
    ['a node of both kinds went', zone({ zone: 'a', rack: '1' }), undefined, true],
    ['a node of one kind went', zone({ zone: 'a' }), undefined, false],
    ['a node got what it lacked', zone({ zone: 'a' }), zone({ zone: 'a', rack: '1' }), true],
    ['a node lost it', zone({ zone: 'a', rack: '1' }), zone({ zone: 'a' }), true],
    ['a node went to another domain', zone({ zone: 'a', rack: '1' }), zone({ zone: 'b', rack: '1' }), true],
    [
      'another label of a node changed',
      zone({ zone: 'a', rack: '1' }),
      zone({ zone: 'a', rack: '1', x: '' }),
      false,
    ],
    ['a node without a domain changed', zone({ zone: 'a' }), zone({ zone: 'b' }), false],
  ])('when %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : object === undefined ? 'Delete' : 'UpdateNodeLabel';
    expect(isTriedAfter(spread, both, ['Node', action], { previous, object })).toBe(expected);
  });

  it('when the taints of a node of its domains change', () => {
    const tainted = node('n', { labels: { zone: 'a' }, taints: [{ key: 'k', effect: 'NoSchedule' }] });
    const event = { previous: tainted, object: node('n', { labels: { zone: 'a' } }) };
    expect(isTriedAfter(spread, byZone, ['Node', 'UpdateNodeTaint'], event)).toBe(true);
  });
});

const term = (topologyKey: string, app: string) => ({
  topologyKey,
  labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [app] }] },
});
const wants = (kind: 'podAffinity' | 'podAntiAffinity', ...terms: ReturnType<typeof term>[]) =>
  ({
    affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  }) as PodShape['spec'] & object;
const affinity = interPodAffinity();
const attracted = info({ name: 'own', spec: wants('podAffinity', term('zone', 'db')) });
const kept = info({
  name: 'own',
  labels: { app: 'web' },
  spec: wants('podAntiAffinity', term('zone', 'db')),
});
const is = (app: string, nodeName = 'n', more: PodShape['spec'] = {}) =>
  pod({ name: 'other', labels: { app }, spec: { ...more, ...(nodeName === '' ? {} : { nodeName }) } });

describe('InterPodAffinity tries again', () => {
  it.each<[string, ReturnType<typeof info>, Pod | undefined, Pod | undefined, boolean]>([
    ['a Pod came that it is drawn to', attracted, undefined, is('db'), true],
    ['a Pod came that it is not drawn to', attracted, undefined, is('web'), false],
    ['a Pod came that has no node yet', attracted, undefined, is('db', ''), false],
    ['a Pod becomes one that it is drawn to', attracted, is('web'), is('db'), true],
    ['a Pod ceases to be one', attracted, is('db'), is('web'), false],
    ['a Pod is one, as before', attracted, is('db'), is('db'), false],
    ['a Pod that it is drawn to went', attracted, is('db'), undefined, false],
    ['a Pod that it keeps away from went', kept, is('db'), undefined, true],
    ['a Pod that it does not mind went', kept, is('web'), undefined, false],
    ['a Pod ceases to be one that it keeps away from', kept, is('db'), is('web'), true],
    ['a Pod becomes one that it keeps away from', kept, is('web'), is('db'), false],
    [
      'a Pod that kept it away went',
      kept,
      is('x', 'n', wants('podAntiAffinity', term('zone', 'web'))),
      undefined,
      true,
    ],
  ])('when %s', (_, target, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : object === undefined ? 'Delete' : 'UpdatePodLabel';
    const about = (object ?? previous)?.spec?.nodeName === undefined ? 'UnscheduledPod' : 'AssignedPod';
    expect(isTriedAfter(affinity, target, [about, action], { previous, object })).toBe(expected);
  });

  const twice = info({ name: 'own', spec: wants('podAffinity', term('zone', 'db'), term('rack', 'db')) });
  const on = (labels: Record<string, string>) => node('n', { labels });
  it.each<
    [string, ReturnType<typeof info>, ReturnType<typeof node> | undefined, ReturnType<typeof node>, boolean]
  >([
    ['a node with a domain of its came', attracted, undefined, on({ zone: 'a' }), true],
    ['a node without one came', attracted, undefined, on({}), false],
    ['a node with one of its two kinds of domain came', twice, undefined, on({ rack: '1' }), true],
    ['a node came to a domain', attracted, on({}), on({ zone: 'a' }), true],
    ['a node went to another domain', attracted, on({ zone: 'a' }), on({ zone: 'b' }), true],
    ['a node left its domain', attracted, on({ zone: 'a' }), on({}), false],
    ['another label of a node changed', attracted, on({ zone: 'a' }), on({ zone: 'a', x: '' }), false],
    ['any node came, and it keeps away', kept, undefined, on({}), true],
    ['a node left a closed domain', kept, on({ zone: 'a' }), on({}), true],
    ['a node went from a closed domain to another', kept, on({ zone: 'a' }), on({ zone: 'b' }), true],
    ['a node came to a domain, and it keeps away', kept, on({}), on({ zone: 'a' }), false],
  ])('when %s', (_, target, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'UpdateNodeLabel';
    expect(isTriedAfter(affinity, target, ['Node', action], { previous, object })).toBe(expected);
  });
});
