import { describe, expect, it } from 'vitest';
import type { OwnerReference } from '@drydock/base/apimachinery';
import type { StatefulSet } from '@drydock/api/apps/v1';
import type { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { claimOwners, hasUnexpectedController, isClaimStale, ownersMatch } from './claim-owners.ts';
import { maxUnavailable, planStatefulSet, type Revision } from './plan.ts';
import {
  claimsOf,
  identityMatches,
  isMemberOf,
  isRunningAndReady,
  newPod,
  ordinalOf,
  parentAndOrdinal,
  storageMatches,
  withIdentity,
} from './pods.ts';

// The facts of kube-controller-manager's own tables about stateful sets.

const nowMs = Date.parse('2026-03-01T00:00:00Z');
const one: Revision = { name: 'db-1', template: template('one') };
const two: Revision = { name: 'db-2', template: template('two') };

function template(image: string) {
  return {
    metadata: { labels: { app: 'db' } },
    spec: { containers: [{ name: 'db', image }], volumes: [{ name: 'home', hostPath: { path: '/home' } }] },
  };
}

function stateful(replicas: number, more: object = {}): StatefulSet {
  return {
    metadata: { name: 'db', namespace: 'default', uid: 'set' },
    spec: {
      replicas,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('one'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
      ...more,
    },
  } as StatefulSet;
}
const parallel = { podManagementPolicy: 'Parallel' };

type State = 'pending' | 'running' | 'ready' | 'going' | 'failed' | 'succeeded';
function pod(set: StatefulSet, ordinal: number, state: State = 'ready', at = one): Pod {
  const made = newPod(set, at.template, at.name, ordinal);
  made.metadata.uid = `pod-${ordinal}`;
  if (state === 'going') made.metadata.deletionTimestamp = '2026-03-01T00:00:00Z';
  const phases = { pending: 'Pending', failed: 'Failed', succeeded: 'Succeeded', running: 'Running' };
  made.status = { phase: state === 'ready' || state === 'going' ? 'Running' : phases[state] };
  if (state === 'ready' || state === 'going')
    made.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-02-28T23:59:55Z' }];
  return made;
}

/** What is done, as words: `create db-0`. */
function plan(set: StatefulSet, pods: readonly Pod[], { current = one, update = one } = {}): string[] {
  const claim = (name: string) => ({ metadata: { name, namespace: 'default' } }) as PersistentVolumeClaim;
  const { actions } = planStatefulSet({ set, current, update, collisionCount: 0, pods, claim, nowMs });
  return actions.map((action) => `${action.kind} ${action.pod.metadata.name}`);
}

describe('names', () => {
  it.each([
    ['db-0', 'db', 0],
    ['a-b-12', 'a-b', 12],
    ['db', undefined, -1],
    ['db-x', undefined, -1],
    ['db-2147483648', undefined, -1],
  ])('%s', (name, parent, ordinal) => {
    const found = { metadata: { name } } as Pod;
    expect(parentAndOrdinal(found)?.parent).toBe(parent);
    expect(ordinalOf(found)).toBe(ordinal);
    expect(isMemberOf(stateful(1), found)).toBe(parent === 'db');
  });
});

describe('identity and storage', () => {
  const set = stateful(3);
  const broken = (change: (pod: Pod) => void) => {
    const made = pod(set, 1);
    change(made);
    return made;
  };
  it.each<[string, (pod: Pod) => void, boolean, boolean]>([
    ['as made', () => undefined, true, true],
    ['of another set', ({ metadata }) => (metadata.name = 'other-1'), false, true],
    ['of no set', ({ metadata }) => (metadata.name = 'bar'), false, false],
    ['of another namespace', ({ metadata }) => (metadata.namespace = ''), false, true],
    [
      'without its name label',
      ({ metadata }) => delete metadata.labels?.['statefulset.kubernetes.io/pod-name'],
      false,
      true,
    ],
    ['without volumes', ({ spec }) => delete spec?.volumes, true, false],
    [
      'with another claim',
      ({ spec }) => (spec!.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'x' } }]),
      true,
      false,
    ],
    [
      'with a volume that is no claim',
      ({ spec }) => (spec!.volumes = [{ name: 'data', emptyDir: {} }]),
      true,
      false,
    ],
  ])('a Pod %s', (_title, change, identity, storage) => {
    const changed = broken(change);
    expect(identityMatches(set, changed)).toBe(identity);
    if (changed.metadata.name === 'db-1' || changed.metadata.name === 'bar')
      expect(storageMatches(set, changed)).toBe(storage);
    if (changed.metadata.name !== 'db-1' || changed.metadata.namespace === '') return;
    const mended = withIdentity(set, changed);
    expect([identityMatches(set, mended), storageMatches(set, mended)]).toEqual([true, true]);
    expect(mended.spec?.volumes?.map(({ name }) => name)).toContain('data');
  });

  it.each<[Record<string, string> | undefined, Record<string, string> | undefined, object | undefined]>([
    [undefined, undefined, undefined],
    [undefined, { test: 'test' }, { test: 'test' }],
    [{ test: 'test' }, { name: 'foo' }, { test: 'test', name: 'foo' }],
    [{ test: 'test' }, { test: 'foo' }, { test: 'foo' }],
  ])('claims labelled %j of a selector %j have %j', (labels, matchLabels, expected) => {
    const templates = [{ metadata: { name: 'data', ...(labels && { labels }) }, spec: {} }];
    const selector = matchLabels ? { matchLabels } : {};
    const [claim] = claimsOf(stateful(1, { volumeClaimTemplates: templates, selector }), 4);
    expect(claim?.metadata).toMatchObject({ name: 'data-db-4', namespace: 'default' });
    expect(claim?.metadata.labels).toEqual(expected);
  });

  it('is ready when it runs and says so', () => {
    expect(isRunningAndReady(newPod(set, one.template, one.name, 1))).toBe(false);
    expect(isRunningAndReady(pod(set, 1, 'running'))).toBe(false);
    expect(isRunningAndReady(pod(set, 1))).toBe(true);
  });
});

describe('one step of a set', () => {
  const ready = (set: StatefulSet, count: number) => Array.from({ length: count }, (_, at) => pod(set, at));
  it.each<[string, object, (set: StatefulSet) => Pod[], string[]]>([
    ['the first Pod alone', {}, () => [], ['create db-0']],
    ['all at once', parallel, () => [], ['create db-0', 'create db-1', 'create db-2']],
    ['nothing before the first is ready', {}, (set) => [pod(set, 0, 'running')], []],
    ['nothing before the first is available', { minReadySeconds: 10 }, (set) => [pod(set, 0)], []],
    ['the next when it is available', { minReadySeconds: 5 }, (set) => [pod(set, 0)], ['create db-1']],
    [
      'others beside one that is not ready',
      parallel,
      (set) => [pod(set, 1, 'running')],
      ['create db-0', 'create db-2'],
    ],
    ['a gap in the middle', {}, (set) => [pod(set, 0), pod(set, 2)], ['create db-1']],
    ['nothing while a Pod goes', {}, (set) => [pod(set, 0, 'going'), pod(set, 1)], []],
    ['a failed Pod goes', {}, (set) => [pod(set, 0, 'failed')], ['delete db-0']],
    [
      'a finished Pod goes',
      {},
      (set) => [pod(set, 0, 'succeeded'), pod(set, 1), pod(set, 2)],
      ['delete db-0'],
    ],
    [
      'all failed Pods go',
      parallel,
      (set) => [pod(set, 0, 'failed'), pod(set, 1), pod(set, 2, 'failed')],
      ['delete db-0', 'delete db-2'],
    ],
    ['nothing more', {}, (set) => ready(set, 3), []],
    ['the last one goes', {}, (set) => ready(set, 5), ['delete db-4']],
    ['all beyond go', parallel, (set) => ready(set, 5), ['delete db-4', 'delete db-3']],
    ['the next waits for the last', {}, (set) => [...ready(set, 4), pod(set, 4, 'going')], []],
    [
      'a sick one beyond goes when it is the only sick one',
      {},
      (set) => [...ready(set, 4), pod(set, 4, 'running')],
      ['delete db-4'],
    ],
    [
      'not while another one beyond is sick',
      {},
      (set) => [...ready(set, 3), pod(set, 3, 'running'), pod(set, 4, 'running')],
      [],
    ],
    [
      'no scaling down while a Pod of the set is sick',
      {},
      (set) => [pod(set, 0), pod(set, 1, 'running'), pod(set, 2), pod(set, 3)],
      [],
    ],
    [
      'scaling down all the same',
      parallel,
      (set) => [pod(set, 0), pod(set, 1, 'running'), pod(set, 2), pod(set, 3)],
      ['delete db-3'],
    ],
    [
      'no scaling down before a failed Pod is gone',
      parallel,
      (set) => [pod(set, 0, 'failed'), pod(set, 1), pod(set, 3)],
      ['delete db-0', 'create db-2'],
    ],
    [
      'no update before a finished Pod is gone',
      parallel,
      (set) => [
        { ...pod(set, 0, 'going'), status: { phase: 'Succeeded' } },
        pod(set, 1, 'running', two),
        pod(set, 2),
      ],
      [],
    ],
    [
      'Pods before the first ordinal go',
      { ordinals: { start: 1 } },
      (set) => [0, 1, 2, 3].map((at) => pod(set, at)),
      ['delete db-0'],
    ],
    ['from another first ordinal', { ordinals: { start: 3 } }, () => [], ['create db-3']],
    [
      'what has no ordinal is left alone',
      { replicas: 0 },
      (set) => [{ ...pod(set, 0), metadata: { name: 'db' } }],
      [],
    ],
  ])('%s', (_title, more, pods, expected) => {
    const set = stateful(3, more);
    expect(plan(set, pods(set))).toEqual(expected);
  });

  it('does nothing for a set that is being deleted, but counts', () => {
    const set = stateful(3);
    set.metadata.deletionTimestamp = '2026-03-01T00:00:00Z';
    const pods = [pod(set, 0), pod(set, 1, 'running')];
    const view = { set, current: one, update: one, collisionCount: 0, pods, claim: () => undefined, nowMs };
    const { actions, status } = planStatefulSet(view);
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 1, currentReplicas: 2 });
  });

  it('mends a Pod that lost its identity, and makes claims of a waiting one', () => {
    const set = stateful(1);
    const lost = pod(set, 0);
    delete lost.metadata.labels?.['statefulset.kubernetes.io/pod-name'];
    expect(plan(set, [lost])).toEqual(['update db-0']);
    const view = { set, current: one, update: one, collisionCount: 0, pods: [pod(set, 0, 'pending')], nowMs };
    const { actions } = planStatefulSet({ ...view, claim: () => undefined });
    expect(actions.map(({ kind }) => kind)).toEqual(['claims']);
  });
});

describe('one step of an update', () => {
  const at = (states: string) => (set: StatefulSet) =>
    [...states].map((state, ordinal) => {
      const revision = state === state.toUpperCase() ? two : one;
      return pod(
        set,
        ordinal,
        state.toLowerCase() === 'r' ? 'ready' : state.toLowerCase() === 'g' ? 'going' : 'running',
        revision,
      );
    });
  const rolling = (partition: number, more: object = {}) => ({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition, ...more } },
  });
  // r: ready, n: not ready, g: going; capital letters are of the new revision.
  it.each<[string, object, string, string[]]>([
    ['the last one first', {}, 'rrr', ['delete db-2']],
    ['then the one before', {}, 'rrR', ['delete db-1']],
    ['not before the last is ready', {}, 'rrN', []],
    ['not while it goes', {}, 'rrg', []],
    ['all are updated', {}, 'RRR', []],
    ['down to the partition', rolling(2), 'rrr', ['delete db-2']],
    ['and not further', rolling(2), 'rrR', []],
    ['a partition beyond all', rolling(3), 'rrr', []],
    ['nothing is forced', { updateStrategy: { type: 'OnDelete' } }, 'rrr', []],
    ['two may be missing', rolling(0, { maxUnavailable: 2 }), 'rrr', ['delete db-2', 'delete db-1']],
    ['half may be missing', rolling(0, { maxUnavailable: '50%' }), 'rrrr', ['delete db-3', 'delete db-2']],
    ['at once, one at a time', parallel, 'rrr', ['delete db-2']],
    ['at once, those that do not serve go first', parallel, 'rnr', ['delete db-1']],
  ])('%s (%j): %s', (_title, more, states, expected) => {
    const set = stateful(states.length, more);
    expect(plan(set, at(states)(set), { update: two })).toEqual(expected);
  });

  it.each<[string, object, number, number, Revision]>([
    ['below the partition the old revision', rolling(2), 1, 0, one],
    ['from the partition on the new one', rolling(2), 2, 0, two],
    ['counted from the first ordinal', { ...rolling(2), ordinals: { start: 3 } }, 4, 0, one],
    ['as many as are of the old one', { updateStrategy: { type: 'RollingUpdate' } }, 0, 1, one],
    ['and no more', { updateStrategy: { type: 'RollingUpdate' } }, 1, 1, two],
    ['always the new one', { updateStrategy: { type: 'OnDelete' } }, 0, 3, two],
  ])('a missing Pod gets %s', (_title, more, ordinal, currentReplicas, expected) => {
    const set = stateful(3, more);
    set.status = { replicas: 3, currentReplicas };
    const present = [0, 1, 2, 3, 4, 5].filter((other) => other !== ordinal).map((other) => pod(set, other));
    const view = { set, current: one, update: two, collisionCount: 0, pods: present, nowMs };
    const { actions } = planStatefulSet({ ...view, claim: () => undefined });
    const created = actions.find(({ kind }) => kind === 'create');
    expect(created?.pod.metadata.name).toBe(`db-${ordinal}`);
    expect(created?.pod.metadata.labels?.['controller-revision-hash']).toBe(expected.name);
    expect(created?.pod.spec?.containers).toEqual(expected.template.spec?.containers);
  });

  it.each([
    ['is over', 'RRR', {}, two.name, 3],
    ['is not over', 'rRR', {}, one.name, 0],
    ['waits for one', 'RRN', {}, one.name, 0],
    ['is never over by itself', 'RRR', { updateStrategy: { type: 'OnDelete' } }, one.name, 0],
  ])('the status says that it %s', (_title, states, more, currentRevision, currentReplicas) => {
    const set = stateful(3, more);
    const view = { set, current: one, update: two, collisionCount: 0, pods: at(states)(set), nowMs };
    const { status } = planStatefulSet({ ...view, claim: () => undefined });
    expect(status).toMatchObject({ currentRevision, updateRevision: two.name });
    expect(status.currentReplicas ?? 0).toBe(currentReplicas);
  });

  it.each<[number | string | undefined, number, number]>([
    [undefined, 10, 1],
    [3, 10, 3],
    [3, 0, 3],
    [0, 0, 1],
    ['10%', 25, 2],
    ['100%', 5, 5],
    ['50%', 5, 2],
    ['10%', 5, 1],
    ['1%', 0, 1],
    ['0%', 0, 1],
  ])('%s of %d may be missing: %d', (wanted, replicas, expected) => {
    const more = rolling(0, wanted === undefined ? {} : { maxUnavailable: wanted });
    expect(maxUnavailable(stateful(replicas, more))).toBe(expected);
  });
});

describe('owners of claims', () => {
  const reference = (kind: string, name: string, uid: string, controller?: boolean): OwnerReference => ({
    apiVersion: { StatefulSet: 'apps/v1', Pod: 'v1' }[kind] ?? 'custom/v1',
    kind,
    name,
    uid,
    ...(controller === undefined ? {} : { controller }),
  });
  const claim = (...ownerReferences: OwnerReference[]) =>
    ({ metadata: { name: 'data-db-1', ownerReferences } }) as PersistentVolumeClaim;
  const setWith = (whenScaled: string, whenDeleted: string, replicas = 2) =>
    stateful(replicas, { persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } });
  const bySet = reference('StatefulSet', 'db', 'set', true);
  const byPod = (ordinal: number) => reference('Pod', `db-${ordinal}`, `pod-${ordinal}`, true);
  const strangers = [reference('Pod', 'rand1', 'rand1'), reference('Custom', 'rand2', 'rand2')];

  type Row = [whenScaled: string, whenDeleted: string, ordinal: number, owner: 'set' | 'pod' | undefined];
  it.each<Row>([
    ['Retain', 'Retain', 1, undefined],
    ['Retain', 'Delete', 1, 'set'],
    ['Delete', 'Retain', 2, 'pod'],
    ['Delete', 'Retain', 1, undefined],
    ['Delete', 'Delete', 2, 'pod'],
    ['Delete', 'Delete', 1, 'set'],
  ])(
    'scaled: %s, deleted: %s: the claim of Pod %d is owned by %s',
    (whenScaled, whenDeleted, ordinal, owner) => {
      const set = setWith(whenScaled, whenDeleted);
      const member = pod(set, ordinal);
      for (const others of [[], strangers]) {
        for (const hasPod of [false, true]) {
          for (const hasSet of [false, true]) {
            const before = [...(hasPod ? [byPod(ordinal)] : []), ...(hasSet ? [bySet] : []), ...others];
            const right = hasPod === (owner === 'pod') && hasSet === (owner === 'set');
            expect(ownersMatch(claim(...before), set, member)).toBe(right);
            const after = claimOwners(claim(...before), set, member);
            const ours = after.filter(({ uid }) => uid === 'set' || uid === `pod-${ordinal}`);
            const expected = { set: bySet, pod: byPod(ordinal) };
            expect(ours).toMatchObject(owner ? [expected[owner]] : []);
            expect(after).toHaveLength(ours.length + others.length);
            expect(ownersMatch(claim(...after), set, member)).toBe(true);
          }
        }
      }
    },
  );

  it.each<[string, string, string, OwnerReference[], boolean]>([
    ['the Pod', 'Delete', 'Delete', [byPod(1)], true],
    ['the Pod, not as controller', 'Delete', 'Delete', [reference('Pod', 'db-1', 'pod-1')], false],
    ['an earlier Pod', 'Delete', 'Delete', [reference('Pod', 'db-1', 'stale', true)], true],
    ['the Pod and another one', 'Delete', 'Delete', [byPod(1), reference('Pod', 'x', 'x', true)], false],
    ['the set', 'Retain', 'Delete', [bySet], true],
    ['the set, not as controller', 'Retain', 'Delete', [reference('StatefulSet', 'db', 'set')], false],
    ['an earlier set', 'Retain', 'Delete', [reference('StatefulSet', 'db', 'stale', true)], true],
    ['the set and another one', 'Retain', 'Delete', [bySet, reference('StatefulSet', 'x', 'x', true)], false],
    ['somebody else', 'Delete', 'Delete', [reference('Custom', 'x', 'x', true)], true],
  ])('is left to %s (scaled: %s, deleted: %s): %j', (_title, whenScaled, whenDeleted, owners, expected) => {
    const set = setWith(whenScaled, whenDeleted, 1);
    expect(ownersMatch(claim(...owners), set, pod(set, 1))).toBe(expected);
  });

  it.each<[string, OwnerReference[], OwnerReference[]]>([
    ['stays', [bySet, reference('Else', 'foo', '')], [reference('Else', 'foo', ''), bySet]],
    ['becomes controller', [reference('StatefulSet', 'db', 'set')], [bySet]],
    ['is added beside a namesake', [reference('Else', 'db', 'x')], [reference('Else', 'db', 'x'), bySet]],
    ['is added', [], [bySet]],
    ['is taken away where its uid is another one', [reference('StatefulSet', 'db', '', true)], []],
    ['is taken away, controller or not', [reference('StatefulSet', 'db', '')], []],
    [
      'makes way for another controller',
      [bySet, reference('Else', 'x', 'x', true)],
      [reference('Else', 'x', 'x', true)],
    ],
  ])('the reference to the set %s', (_title, before, after) => {
    const set = setWith('Delete', 'Delete', 2);
    expect(claimOwners(claim(...before), set, pod(set, 0))).toMatchObject(after);
    expect(claimOwners(claim(...before), set, pod(set, 0))).toHaveLength(after.length);
  });

  it.each<[string, OwnerReference[], boolean]>([
    ['of another kind', [reference('Custom', 'x', 'x', true)], true],
    ['that is none', [reference('Custom', 'x', 'x', false)], false],
    ['that does not say so', [reference('Custom', 'x', 'x')], false],
    ['that is another Pod', [reference('Pod', 'x', 'x', true)], true],
    ['that is another set', [reference('StatefulSet', 'x', 'x', true)], true],
    ['that is the set', [bySet], false],
    ['that is an earlier set', [reference('StatefulSet', 'db', 'stale', true)], true],
    ['that is the Pod', [byPod(1)], false],
    ['that is an earlier Pod', [reference('Pod', 'db-1', 'stale', true)], true],
    ['beside the Pod', [byPod(1), reference('Custom', 'x', 'x', true)], true],
    ['beside the Pod that is none', [byPod(1), reference('Custom', 'x', 'x', false)], false],
  ])('a controller %s is unexpected: %j %s', (_title, owners, expected) => {
    for (const [whenScaled, whenDeleted] of [
      ['Delete', 'Retain'],
      ['Retain', 'Delete'],
      ['Delete', 'Delete'],
    ] as const) {
      const set = setWith(whenScaled, whenDeleted);
      expect(hasUnexpectedController(claim(...owners), set, pod(set, 1))).toBe(expected);
    }
    for (const set of [setWith('Retain', 'Retain'), stateful(2)])
      expect(hasUnexpectedController(claim(...owners), set, pod(set, 1))).toBe(false);
  });

  it('is stale when it goes with an earlier Pod, unless claims outlive their Pods', () => {
    const stale = claim(reference('Pod', 'db-1', 'earlier', true));
    expect(isClaimStale(stale, setWith('Delete', 'Retain'), pod(stateful(2), 1))).toBe(true);
    expect(isClaimStale(stale, setWith('Retain', 'Delete'), pod(stateful(2), 1))).toBe(false);
    expect(isClaimStale(claim(byPod(1)), setWith('Delete', 'Retain'), pod(stateful(2), 1))).toBe(false);
    expect(isClaimStale(stale, setWith('Delete', 'Retain'), pod(stateful(2), 0))).toBe(false);
  });
});
