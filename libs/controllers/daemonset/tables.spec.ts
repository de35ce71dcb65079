import { describe, expect, it } from 'vitest';
import type { DaemonSet } from '@drydock/api/apps/v1';
import type { Node, NodeSelectorTerm, Pod, PodSpec, Toleration } from '@drydock/api/core/v1';
import {
  countDaemons,
  managePlan,
  maxSurge,
  maxUnavailable,
  rollingUpdatePlan,
  type DaemonView,
} from './decisions.ts';
import { nodeShouldRunDaemonPod } from './eligibility.ts';
import { affinityToNode, daemonTolerations, isPodUpdated, targetNodeOf } from './pod-template.ts';

// The facts of kube-controller-manager's own tables about daemon sets.

const nowMs = Date.parse('2026-03-01T00:01:00Z');
const label = { name: 'simple-daemon', type: 'production' };

function set(spec: Partial<PodSpec> = {}, more: object = {}): DaemonSet {
  return {
    metadata: { name: 'ds', namespace: 'default', uid: 'ds' },
    spec: {
      selector: { matchLabels: label },
      template: { metadata: { labels: label }, spec: { containers: [], ...spec } },
      ...more,
    },
  } as DaemonSet;
}
const rolling = (maxUnavailable_: number | string, maxSurge_?: number | string, more: object = {}) =>
  set(
    {},
    {
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: maxUnavailable_, maxSurge: maxSurge_ },
      },
      ...more,
    },
  );
const node = (name: string, taints: [key: string, effect: string][] = [], labels: object = label) =>
  ({
    metadata: { name, labels },
    spec: { taints: taints.map(([key, effect]) => ({ key, effect })) },
  }) as Node;

/** `n` new or `o` old; ready since a minute in capitals, a second if doubled; `g` going, `f` failed, `s` succeeded. */
function pod(nodeName: string, kind: string, at = 0): Pod {
  const fresh = kind.toLowerCase().startsWith('n');
  const ready = kind[0] === kind[0]?.toUpperCase();
  const since = kind.length > 1 ? '2026-03-01T00:00:59Z' : '2026-03-01T00:00:00Z';
  const phase = { f: 'Failed', s: 'Succeeded' }[kind] ?? 'Running';
  return {
    metadata: {
      name: `${nodeName}-${kind}-${at}`,
      labels: { 'controller-revision-hash': fresh ? 'new' : 'old' },
      creationTimestamp: new Date(nowMs - 100_000 + at * 1000).toISOString(),
      ...(kind === 'g' ? { deletionTimestamp: '2026-03-01T00:00:00Z' } : {}),
    },
    spec: { nodeName, containers: [] },
    status: {
      phase,
      conditions: ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: since }] : [],
    },
  };
}

/** Pods of nodes `0`, `1`, …: one text a node, its Pods apart by a space. */
function view(
  daemonSet: DaemonSet,
  nodes: readonly string[],
  more: { taints?: Record<number, [string, string][]> } = {},
): DaemonView {
  const podsOnNode = new Map<string, Pod[]>();
  for (const [at, text] of nodes.entries()) {
    if (text === '') continue;
    podsOnNode.set(
      `${at}`,
      text.split(' ').map((kind, age) => pod(`${at}`, kind, age)),
    );
  }
  return {
    daemonSet,
    hash: 'new',
    nodes: nodes.map((_, at) => node(`${at}`, more.taints?.[at])),
    podsOnNode,
    nowMs,
  };
}
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort();

describe('nodes that take a Pod', () => {
  const inZone = (operator: string, values: string[]) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'type', operator, values }] }],
        },
      },
    },
  });
  const tolerates = (...tolerations: Toleration[]) => ({ tolerations });
  const anything = { operator: 'Exists' };
  it.each<[string, Partial<PodSpec>, [key: string, effect: string][], boolean, boolean]>([
    ['any', {}, [], true, true],
    [
      'one that asks for more than there is',
      { containers: [{ name: 'c', resources: { requests: { memory: '200Gi' } } }] },
      [],
      true,
      true,
    ],
    [
      'one whose port is taken',
      { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 666 }] }] },
      [],
      true,
      true,
    ],
    ['another node by name', { nodeName: 'other-node' }, [], false, false],
    ['this node by name', { nodeName: 'test-node' }, [], true, true],
    ['another node by label', { nodeSelector: { type: 'test' } }, [], false, false],
    ['this node by label', { nodeSelector: label }, [], true, true],
    ['another node by affinity', inZone('In', ['test']), [], false, false],
    ['this node by affinity', inZone('In', ['production']), [], true, true],
    ['a node that is cordoned', {}, [['node.kubernetes.io/unschedulable', 'NoSchedule']], true, true],
    ['a node that is not ready', {}, [['node.kubernetes.io/not-ready', 'NoExecute']], true, true],
    ['a node that is out of reach', {}, [['node.kubernetes.io/unreachable', 'NoExecute']], true, true],
    [
      'a node under pressure',
      {},
      [
        ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
        ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
        ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
      ],
      true,
      true,
    ],
    ['a node without network', {}, [['node.kubernetes.io/network-unavailable', 'NoSchedule']], false, true],
    [
      'a node without network, on the network of the host',
      { hostNetwork: true },
      [['node.kubernetes.io/network-unavailable', 'NoSchedule']],
      true,
      true,
    ],
    ['a node that takes no new ones', {}, [['dedicated', 'NoSchedule']], false, true],
    ['a node that bears none', {}, [['dedicated', 'NoExecute']], false, false],
    ['a node that prefers none', {}, [['dedicated', 'PreferNoSchedule']], true, true],
    ['a taint that is tolerated', tolerates(anything), [['dedicated', 'NoExecute']], true, true],
    [
      'one effect that is tolerated',
      tolerates({ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }),
      [['dedicated', 'NoExecute']],
      false,
      false,
    ],
  ])('%s', (_title, spec, taints, shouldRun, shouldContinueRunning) => {
    expect(nodeShouldRunDaemonPod(node('test-node', taints), set(spec))).toEqual({
      shouldRun,
      shouldContinueRunning,
    });
  });

  it('tolerates what daemons bear, once each', () => {
    const own = {
      key: 'node.kubernetes.io/not-ready',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 5,
    };
    const found = daemonTolerations({ containers: [], tolerations: [own, { key: 'x', operator: 'Exists' }] });
    expect(found.map(({ key }) => key)).toEqual([
      'node.kubernetes.io/not-ready',
      'x',
      ...['unreachable', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map(
        (one) => `node.kubernetes.io/${one}`,
      ),
    ]);
    expect(found[0]).not.toHaveProperty('tolerationSeconds');
  });
});

describe('the node of a Pod', () => {
  const byName = (...values: string[]): NodeSelectorTerm => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values }],
  });
  const affine = (...nodeSelectorTerms: NodeSelectorTerm[]) =>
    ({
      spec: {
        containers: [],
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
      },
    }) as unknown as Pod;
  it.each<[string, Pod, string | undefined]>([
    ['is the one it is on', { metadata: {}, spec: { nodeName: 'a', containers: [] } }, 'a'],
    ['is the one it is meant for', affine(byName('a')), 'a'],
    [
      'is in any of its terms',
      affine({ matchExpressions: [{ key: 'x', operator: 'Exists' }] }, byName('a')),
      'a',
    ],
    ['is unknown with several', affine(byName('a', 'b')), undefined],
    ['is unknown with none', { metadata: {}, spec: { containers: [] } }, undefined],
    [
      'is unknown without affinity to a name',
      affine({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['a'] }] }),
      undefined,
    ],
  ])('%s', (_title, one, expected) => expect(targetNodeOf(one)).toBe(expected));

  it('takes the place of what the template asked of nodes, and of nothing else', () => {
    const required = { nodeSelectorTerms: [byName('a')] };
    const preferred = [{ weight: 1, preference: { matchExpressions: [{ key: 'x', operator: 'Exists' }] } }];
    const podAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [] };
    const ours = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    expect(affinityToNode(undefined, 'a')).toEqual(ours);
    expect(affinityToNode({ podAffinity }, 'a')).toEqual({ ...ours, podAffinity });
    const others = {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'y', operator: 'Exists' }] }, byName('b')],
    };
    expect(
      affinityToNode(
        {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: others,
            preferredDuringSchedulingIgnoredDuringExecution: preferred,
          },
        },
        'a',
      ),
    ).toEqual({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: required,
        preferredDuringSchedulingIgnoredDuringExecution: preferred,
      },
    });
  });

  const labels = { 'pod-template-generation': '12345', 'controller-revision-hash': '55555' };
  const { 'controller-revision-hash': _hash, ...withoutHash } = labels;
  it.each<[object | undefined, string, string | undefined, boolean]>([
    [labels, '55555', '12345', true],
    [labels, '55555123', '12345', true],
    [withoutHash, '55555', '12345', true],
    [withoutHash, '', '12345', true],
    [labels, '', '12345', true],
    [labels, '55555', '67890', true],
    [labels, '55555', undefined, true],
    [labels, '55555123', '67890', false],
    [{}, '', '12345', false],
    [{}, '55555', '12345', false],
    [undefined, '55555', '12345', false],
  ])('a Pod labelled %j is of revision %s and generation %s: %s', (given, hash, generation, expected) => {
    const one = { metadata: given ? { labels: given } : {} } as Pod;
    expect(isPodUpdated(one, hash, generation)).toBe(expected);
  });
});

describe('what each node should have', () => {
  const plan = (one: DaemonView, waits: string[] = []) => managePlan(one, (name) => waits.includes(name));
  it.each<[string, DaemonSet, string[], string[], string[]]>([
    ['one each', set(), ['', ''], ['0', '1'], []],
    ['nothing more', set(), ['N', 'O'], [], []],
    ['the oldest of several', set(), ['O N n'], [], ['0-N-1', '0-n-2']],
    ['no other while one goes', set(), ['g'], [], []],
    ['a failed one goes', set(), ['f'], [], ['0-f-0']],
    ['a finished one goes', set(), ['s'], [], ['0-s-0']],
    ['a surge keeps two', rolling(0, 1), ['O n'], [], []],
    ['a surge keeps the oldest of each', rolling(0, 1), ['O O n n'], [], ['0-O-1', '0-n-3']],
    ['the new one serves', rolling(0, 1), ['O N'], [], ['0-O-0']],
    ['the new one does not serve for long enough', rolling(0, 1, { minReadySeconds: 30 }), ['O NN'], [], []],
    ['the old one serves no more', rolling(0, 1), ['o n'], [], ['0-o-0']],
  ])('%s', (_title, daemonSet, pods, create, remove) => {
    const found = plan(view(daemonSet, pods));
    expect(found.create).toEqual(create);
    expect(names(found.remove)).toEqual(remove);
  });

  it('waits before it replaces what failed', () => {
    expect(plan(view(set(), ['f']), ['0']).remove).toEqual([]);
  });

  it('leaves Pods that a taint forbids only to come, and removes those that it evicts', () => {
    const taints: Record<number, [string, string][]> = {
      0: [['x', 'NoSchedule']],
      1: [['x', 'NoExecute']],
      2: [['x', 'NoSchedule']],
    };
    const found = plan(view(set(), ['N', 'N g', ''], { taints }));
    expect(found.create).toEqual([]);
    expect(names(found.remove)).toEqual(['1-N-0']);
  });

  it('removes what waits for a node that is no more, and not what was there', () => {
    const waiting = pod('gone', 'n');
    delete waiting.spec?.nodeName;
    const podsOnNode = new Map([
      ['gone', [waiting]],
      ['lost', [pod('lost', 'N')]],
    ]);
    expect(
      names(
        plan({ ...view(set(), ['N']), podsOnNode: new Map([...podsOnNode, ['0', [pod('0', 'N')]]]) }).remove,
      ),
    ).toEqual(['gone-n-0']);
  });
});

describe('one step of an update', () => {
  it.each<[string, DaemonSet, string[], string[], string[]]>([
    ['two at a time', rolling(2), ['O', 'O', 'O', 'O', 'O'], [], ['0-O-0', '1-O-0']],
    ['not while two are missing', rolling(2), ['n', 'n', 'O', 'O', 'O'], [], []],
    ['one more when one is back', rolling(2), ['N', 'n', 'O', 'O', 'O'], [], ['2-O-0']],
    ['the last', rolling(2), ['N', 'N', 'N', 'N', 'O'], [], ['4-O-0']],
    ['none is left', rolling(2), ['N', 'N'], [], []],
    ['new ones that are not ready', rolling(3), ['n', 'n', 'n', 'O', 'O'], [], []],
    [
      'all old ones that do not serve',
      rolling(3),
      ['o', 'o', 'o', 'o', 'o'],
      [],
      ['0-o-0', '1-o-0', '2-o-0', '3-o-0', '4-o-0'],
    ],
    ['old ones that do not serve count', rolling(2), ['o', 'O', 'O', 'O', 'O'], [], ['0-o-0', '1-O-0']],
    ['nodes without a Pod count', rolling(2), ['', 'O', 'O'], [], ['1-O-0']],
    ['nodes that have too many count', rolling(2), ['O O', 'O', 'O'], [], ['1-O-0']],
    ['a node on which one goes counts', rolling(2), ['g', 'O', 'O'], [], ['1-O-0']],
    ['half of them', rolling('50%'), ['O', 'O', 'O', 'O'], [], ['0-O-0', '1-O-0']],
    ['never none', rolling(0), ['O', 'O'], [], ['0-O-0']],
    ['a surge of two', rolling(0, 2), ['O', 'O', 'O', 'O', 'O'], ['0', '1'], []],
    ['not while it surges', rolling(0, 2), ['O n', 'O n', 'O', 'O', 'O'], [], []],
    [
      'further, as new ones serve',
      rolling(0, 2),
      ['O N', 'O N', 'O', 'O', 'O'],
      ['2', '3'],
      ['0-O-0', '1-O-0'],
    ],
    ['the last of a surge', rolling(0, 2), ['N', 'N', 'O N', 'O N', 'O'], ['4'], ['2-O-0', '3-O-0']],
    [
      'beyond the surge where the old ones do not serve',
      rolling(0, 3),
      ['o', 'o', 'o', 'o', 'o'],
      ['0', '1', '2', '3', '4'],
      [],
    ],
    [
      'new ones that do not serve for long enough',
      rolling(0, 3, { minReadySeconds: 15 }),
      ['O NN', 'O n', 'O', 'O', 'o'],
      ['4', '2'],
      [],
    ],
    ['a half as surge, rounded up', rolling(0, '50%'), ['O', 'O', 'O'], ['0', '1'], []],
  ])('%s', (_title, daemonSet, pods, create, remove) => {
    const found = rollingUpdatePlan(view(daemonSet, pods));
    expect(found.create).toEqual(create);
    expect(names(found.remove)).toEqual(remove);
  });

  it.each<[string, string[], string[]]>([
    ['stays until another one serves in its stead', ['O', ''], []],
    ['goes when there is another one', ['O', 'N'], ['0-O-0']],
    ['goes when it serves no more', ['o', ''], ['0-o-0']],
  ])('a Pod on a node that takes no new ones %s', (_title, pods, remove) => {
    const found = rollingUpdatePlan(view(rolling(0, 1), pods, { taints: { 0: [['x', 'NoSchedule']] } }));
    expect(found.create).toEqual([]);
    expect(names(found.remove)).toEqual(remove);
  });

  it.each<[number | string | undefined, number | string | undefined, number, number, number]>([
    [1, undefined, 2, 1, 0],
    ['50%', undefined, 2, 1, 0],
    ['50%', undefined, 3, 2, 0],
    [0, '50%', 2, 0, 1],
    [0, '50%', 3, 0, 2],
    [undefined, undefined, 3, 1, 0],
  ])(
    '%s missing and %s more, of %d: %d and %d',
    (missing, surge, desired, expectedMissing, expectedSurge) => {
      const one = rolling(missing ?? 1, surge);
      expect([maxUnavailable(one, desired), maxSurge(one, desired)]).toEqual([
        expectedMissing,
        expectedSurge,
      ]);
      expect([maxUnavailable(set(), desired), maxSurge(set(), desired)]).toEqual([0, 0]);
    },
  );
});

describe('the status', () => {
  it.each<[string, DaemonSet, string[], number[]]>([
    // desired, current, misscheduled, ready, updated, available, unavailable
    ['none', set(), [], [0, 0, 0, 0, 0, 0, 0]],
    ['two of three', set(), ['N', 'n', ''], [3, 2, 0, 1, 2, 1, 2]],
    ['old and new', set(), ['O', 'N'], [2, 2, 0, 2, 1, 2, 0]],
    ['the older of two', set(), ['O n'], [1, 1, 0, 1, 0, 1, 0]],
    ['not for long enough', set({}, { minReadySeconds: 30 }), ['NN', 'N'], [2, 2, 0, 2, 2, 1, 1]],
  ])(
    '%s',
    (_title, daemonSet, pods, [desired, current, misscheduled, ready, updated, available, unavailable]) => {
      expect(countDaemons(view(daemonSet, pods))).toEqual({
        desiredNumberScheduled: desired,
        currentNumberScheduled: current,
        numberMisscheduled: misscheduled,
        numberReady: ready,
        updatedNumberScheduled: updated,
        numberAvailable: available,
        numberUnavailable: unavailable,
      });
    },
  );

  it('tells of Pods where none should be', () => {
    const found = countDaemons(view(set(), ['N', 'N'], { taints: { 0: [['x', 'NoSchedule']] } }));
    expect(found).toMatchObject({
      desiredNumberScheduled: 1,
      numberMisscheduled: 1,
      currentNumberScheduled: 1,
    });
  });
});
