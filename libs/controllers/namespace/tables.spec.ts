import { describe, expect, it } from 'vitest';
import type { NamespaceCondition } from '@drydock/api/core/v1';
import { deletionConditions, type Remains } from './conditions.ts';

// The facts of kube-controller-manager's own tables about what is told of namespaces on their way out.

const [before, now] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:09Z'];
const remains = (
  counts: Record<string, number> = {},
  finalizers: Record<string, number> = {},
  failures: string[] = [],
): Remains => ({
  counts: new Map(Object.entries(counts)),
  finalizers: new Map(Object.entries(finalizers)),
  failures,
});
const told = (given: Remains, previous: NamespaceCondition[] = []) =>
  deletionConditions(given, previous, now);

const [discovery, parsing, content, remaining, waiting] = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
] as const;
const known = (type: string, status = 'True'): NamespaceCondition => ({
  type,
  status,
  lastTransitionTime: before,
});

describe('the conditions', () => {
  it.each<[string, NamespaceCondition[], Remains, string[]]>([
    [
      'nothing was said before',
      [],
      remains(),
      [`-${discovery}`, `-${parsing}`, `-${content}`, `-${remaining}`, `-${waiting}`],
    ],
    [
      'what is not ours stays',
      [known('unknown')],
      remains(),
      ['+unknown', `-${discovery}`, `-${parsing}`, `-${content}`, `-${remaining}`, `-${waiting}`],
    ],
    [
      'what failed no longer fails',
      [known(discovery)],
      remains(),
      [`-${discovery}`, `-${parsing}`, `-${content}`, `-${remaining}`, `-${waiting}`],
    ],
    [
      'the order stays',
      [known(parsing), known(discovery)],
      remains(),
      [`-${parsing}`, `-${discovery}`, `-${content}`, `-${remaining}`, `-${waiting}`],
    ],
    [
      'something fails now',
      [known(content, 'False'), known(discovery)],
      remains({}, {}, ['boom']),
      [`+${content}`, `-${discovery}`, `-${parsing}`, `-${remaining}`, `-${waiting}`],
    ],
    [
      'something else fails',
      [known(discovery)],
      remains({ 'pods.': 1 }),
      [`-${discovery}`, `-${parsing}`, `-${content}`, `+${remaining}`, `-${waiting}`],
    ],
  ])('%s', (_title, previous, given, expected) => {
    const found = told(given, previous).map(({ type, status }) => `${status === 'True' ? '+' : '-'}${type}`);
    expect(found).toEqual(expected);
  });

  it('tell the time at which they became so', () => {
    const found = told(remains({}, {}, ['boom']), [
      known(discovery),
      known(parsing, 'False'),
      known(content),
    ]);
    const times = found.map(({ lastTransitionTime }) => lastTransitionTime);
    expect(times).toEqual([now, before, before, now, now]);
  });

  const daemons = { 'deployments.apps.k8s.io': 5, 'daemonsets.apps.k8s.io': 5 };
  const holders = { 'service-catalog': 6, kubedb: 5 };
  const left =
    'Some resources are remaining: daemonsets.apps.k8s.io has 5 resource instances, deployments.apps.k8s.io has 5 resource instances';
  const held =
    'Some content in the namespace has finalizers remaining: kubedb in 5 resource instances, service-catalog in 6 resource instances';
  it.each<[string, Remains, string[]]>([
    ['nothing', remains(), []],
    ['objects', remains(daemons), [`SomeResourcesRemain ${left}`]],
    ['finalizers', remains({}, holders), [`SomeFinalizersRemain ${held}`]],
    ['both', remains(daemons, holders), [`SomeResourcesRemain ${left}`, `SomeFinalizersRemain ${held}`]],
    [
      'failures',
      remains({}, {}, ['two', 'one']),
      ['ContentDeletionFailed Failed to delete all resource types, 2 remaining: one, two'],
    ],
  ])('say what remains: %s', (_title, given, expected) => {
    const found = told(given).filter(({ status }) => status === 'True');
    expect(found.map(({ reason, message }) => `${reason} ${message}`)).toEqual(expected);
  });
});
