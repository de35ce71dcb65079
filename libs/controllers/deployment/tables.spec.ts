import { describe, expect, it } from 'vitest';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@drydock/api/apps/v1';
import { lacks, newReplicaSetAnnotations, sizeAnnotations } from './annotations.ts';
import { conditionOf, removeCondition, setCondition } from './conditions.ts';
import {
  beyondHistory,
  growNew,
  isSaturated,
  newReplicaSetSize,
  scaleSizes,
  shrinkOld,
} from './decisions.ts';
import { fenceposts, maxUnavailable } from './fenceposts.ts';
import {
  byRevision,
  findNewReplicaSet,
  replicasOf,
  sameTemplate,
  sumReplicas,
  sumStatus,
} from './replica-sets.ts';
import { deadlineCheckInMs, hasProgressed, isComplete, isTimedOut, rolloutStatus } from './status.ts';

// The facts of kube-controller-manager's own tables about rollouts.

type Amount = number | string | undefined;
const endless = 2147483647;

function deployment(
  replicas: number,
  surge: Amount = 0,
  unavailable: Amount = 0,
  more: object = {},
): Deployment {
  const rollingUpdate = {
    ...(surge === undefined ? {} : { maxSurge: surge }),
    ...(unavailable === undefined ? {} : { maxUnavailable: unavailable }),
  };
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } } },
      strategy: { type: 'RollingUpdate', rollingUpdate },
      ...more,
    },
  } as Deployment;
}
const recreate = { strategy: { type: 'Recreate' } };

function replicaSet(name: string, replicas: number, status: object = {}, hour?: number): ReplicaSet {
  const creationTimestamp = hour === undefined ? {} : { creationTimestamp: `2016-05-20T0${hour}:00:00Z` };
  return { metadata: { name, ...creationTimestamp }, spec: { replicas }, status } as ReplicaSet;
}

describe('how far a rolling update goes in one step', () => {
  it.each([
    [10, 0, 10, 0, 0],
    [10, 2, 10, 0, 2],
    [10, 2, 5, 0, 7],
    [10, 2, 10, 2, 2],
    [10, 2, 2, 11, 10],
  ])('%d wanted, surge %d, %d old: the new one goes from %d to %d', (wanted, surge, old, size, expected) => {
    const newest = replicaSet('web-2', size);
    expect(growNew(deployment(wanted, surge), [newest, replicaSet('web-1', old)], newest)).toBe(expected);
  });

  it.each([
    ['RollingUpdate', 1, 5, 1, 5],
    ['RollingUpdate', 6, 2, 10, 6],
    ['Recreate', 3, 1, 1, 3],
  ])(
    '%s: %d wanted beside a set of 5, the new one of %d, surge %d: %d',
    (type, wanted, size, surge, expected) => {
      const strategy = { type, rollingUpdate: { maxSurge: surge, maxUnavailable: 1 } };
      expect(newReplicaSetSize(deployment(wanted, 0, 0, { strategy }), [replicaSet('web-1', 5)], size)).toBe(
        expected,
      );
    },
  );

  it.each([
    // unavailable allowed, old size and available, new size and available: the old size after it
    [0, 10, 10, 0, 0, 9],
    [2, 10, 10, 0, 0, 8],
    [2, 10, 8, 0, 0, 8],
    [2, 10, 9, 0, 0, 8],
    [2, 8, 8, 2, 0, 8],
    [2, 10, 1, 0, 0, 8],
    [2, 0, 10, 0, 0, 0],
  ])(
    '%d may be missing, old %d (%d available), new %d (%d available): the old one becomes %d',
    (missing, old, oldWell, size, well, expected) => {
      const before = replicaSet('web-1', old, { availableReplicas: oldWell });
      const newest = replicaSet('web-2', size, { availableReplicas: well });
      const [resize] = shrinkOld(deployment(10, 0, missing), [before], newest);
      expect(resize?.replicas ?? old).toBe(expected);
    },
  );

  it.each([
    [10, 8, 1, 9],
    [10, 8, 3, 7],
    [10, 8, 0, 10],
    [10, 10, 3, 7],
  ])('of %d old Pods %d are available and %d may go: %d stay', (old, well, may, expected) => {
    const before = replicaSet('web-1', old, { availableReplicas: well });
    const [resize] = shrinkOld(deployment(10, 1, may), [before], replicaSet('web-2', 0));
    expect(resize?.replicas ?? old).toBe(expected);
  });
});

describe('sizes after scaling', () => {
  interface Row {
    readonly title: string;
    readonly to: number;
    readonly from: number;
    readonly surge?: number;
    readonly surgeBefore?: number;
    /** Size and expected size, newest first; the first is the new ReplicaSet unless `noNew`. */
    readonly sets: readonly (readonly [size: number, expected: number])[];
    readonly noNew?: boolean;
    /** Desired size that single sets were told, by their place. */
    readonly told?: Readonly<Record<number, number>>;
    /** Resizes that fail, by place. */
    readonly failing?: readonly number[];
  }
  it.each<Row>([
    { title: 'up', from: 10, to: 12, sets: [[10, 12]] },
    { title: 'down', from: 10, to: 5, sets: [[10, 5]] },
    {
      title: 'two sets up',
      from: 5,
      to: 10,
      sets: [
        [2, 4],
        [3, 6],
      ],
    },
    {
      title: 'two sets down',
      from: 5,
      to: 3,
      sets: [
        [2, 1],
        [3, 2],
      ],
    },
    {
      title: 'a small old set goes',
      from: 9,
      to: 4,
      sets: [
        [8, 4],
        [1, 0],
      ],
    },
    {
      title: 'three sets up',
      from: 7,
      to: 10,
      sets: [
        [2, 3],
        [3, 4],
        [2, 3],
      ],
    },
    {
      title: 'three sets down',
      from: 13,
      to: 8,
      sets: [
        [2, 1],
        [8, 5],
        [3, 2],
      ],
    },
    {
      title: 'one more goes to the newest',
      from: 3,
      to: 4,
      sets: [
        [1, 2],
        [1, 1],
        [1, 1],
      ],
    },
    {
      title: 'one less is taken from the oldest',
      from: 3,
      to: 2,
      sets: [
        [1, 1],
        [1, 1],
        [1, 0],
      ],
    },
    {
      title: 'without a new set the latest grows',
      from: 4,
      to: 5,
      noNew: true,
      sets: [
        [2, 3],
        [2, 2],
      ],
    },
    {
      title: 'to nothing',
      from: 6,
      to: 0,
      sets: [
        [3, 0],
        [2, 0],
        [1, 0],
      ],
    },
    {
      title: 'from nothing',
      from: 6,
      to: 6,
      sets: [
        [0, 6],
        [0, 0],
        [0, 0],
      ],
    },
    {
      title: 'after a write that failed',
      from: 5,
      to: 5,
      told: { 1: 3 },
      failing: [0, 2],
      sets: [
        [2, 2],
        [1, 2],
        [1, 1],
      ],
    },
    {
      title: 'with a surge',
      from: 10,
      to: 20,
      surge: 2,
      surgeBefore: 2,
      sets: [
        [6, 11],
        [6, 11],
      ],
    },
    {
      title: 'with another surge',
      from: 10,
      to: 50,
      surge: 6,
      surgeBefore: 3,
      sets: [
        [5, 22],
        [8, 34],
      ],
    },
    {
      title: 'with another template',
      from: 10,
      to: 14,
      noNew: true,
      sets: [
        [7, 10],
        [3, 4],
      ],
    },
    {
      title: 'a full new set that is not available',
      from: 2,
      to: 2,
      surge: 1,
      surgeBefore: 1,
      sets: [
        [2, 2],
        [1, 1],
      ],
    },
  ])(
    '$title: $from to $to',
    ({ from, to, surge = 0, surgeBefore = 0, sets, noNew = false, told = {}, failing = [] }) => {
      const all = sets.map(([size], place) => {
        const one = replicaSet(`web-${place}`, size, {}, 3 - place);
        one.metadata.annotations = sizeAnnotations(deployment(told[place] ?? from, surgeBefore));
        return one;
      });
      const [newest, ...others] = all;
      const resizes = scaleSizes(deployment(to, surge), noNew ? undefined : newest, noNew ? all : others);
      const after = all.map((one, place) =>
        failing.includes(place)
          ? replicasOf(one)
          : (resizes.find(({ replicaSet: found }) => found === one)?.replicas ?? replicasOf(one)),
      );
      expect(after).toEqual(sets.map(([, expected]) => expected));
    },
  );

  it('is saturated with all replicas asked for, told and available', () => {
    const one = replicaSet('web-1', 1, { availableReplicas: 1 });
    one.metadata.annotations = sizeAnnotations(deployment(1));
    expect(isSaturated(deployment(1), one)).toBe(true);
    expect(isSaturated(deployment(2), one)).toBe(false);
    expect(isSaturated(deployment(1), { ...one, status: { replicas: 1 } })).toBe(false);
    expect(isSaturated(deployment(1), { ...one, metadata: {} })).toBe(false);
    expect(isSaturated(deployment(1), undefined)).toBe(false);
  });
});

describe('surge and unavailability', () => {
  it.each<[Amount, Amount, number, number, number]>([
    ['0%', '0%', 0, 0, 1],
    ['39%', '39%', 10, 4, 3],
    [undefined, '39%', 10, 0, 3],
    ['39%', undefined, 10, 4, 0],
    [undefined, undefined, 10, 0, 1],
  ])('%s and %s of %d are %d and %d', (surge, unavailable, desired, expectedSurge, expectedUnavailable) => {
    expect(fenceposts(deployment(desired, surge, unavailable))).toEqual({
      surge: expectedSurge,
      unavailable: expectedUnavailable,
    });
  });

  it.each<[number, Amount, object, number]>([
    [10, 5, {}, 5],
    [10, 10, {}, 10],
    [5, 10, {}, 5],
    [0, 10, {}, 0],
    [1, 1, recreate, 0],
    [10, '50%', {}, 5],
    [10, '100%', {}, 10],
    [5, '100%', {}, 5],
  ])('of %d, %s may be unavailable (%j): %d', (replicas, unavailable, more, expected) => {
    expect(maxUnavailable(deployment(replicas, 1, unavailable, more))).toBe(expected);
  });
});

describe('old revisions', () => {
  it.each<[string, number | undefined, [spec: number, status: number][], number]>([
    [
      'all but the limit',
      1,
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      2,
    ],
    [
      'none that has or wants Pods',
      0,
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      1,
    ],
    [
      'all',
      0,
      [
        [0, 0],
        [0, 0],
      ],
      2,
    ],
    [
      'none with Pods',
      0,
      [
        [1, 1],
        [1, 1],
      ],
      0,
    ],
    [
      'none without a limit',
      endless,
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      0,
    ],
    [
      'none where nothing is said',
      undefined,
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      0,
    ],
  ])('deletes %s', (_title, limit, sizes, expected) => {
    const old = sizes.map(([spec, status], index) => replicaSet(`web-${index}`, spec, { replicas: status }));
    const more = limit === undefined ? {} : { revisionHistoryLimit: limit };
    expect(beyondHistory(deployment(1, 0, 0, more), old, byRevision)).toHaveLength(expected);
  });

  it('deletes none that is going already, nor one whose last change nobody saw', () => {
    const going = replicaSet('web-1', 0);
    going.metadata.deletionTimestamp = '2016-05-20T02:00:00Z';
    const unseen = replicaSet('web-2', 0, { observedGeneration: 1 });
    unseen.metadata.generation = 2;
    const more = { revisionHistoryLimit: 0 };
    expect(beyondHistory(deployment(1, 0, 0, more), [going], byRevision)).toEqual([]);
    expect(beyondHistory(deployment(1, 0, 0, more), [unseen], byRevision)).toEqual([]);
  });

  it('deletes the lowest revisions, whatever their age', () => {
    const old = [3, 1, 2].map((revision, index) => {
      const one = replicaSet(`web-${revision}`, 0, {}, index);
      one.metadata.annotations = { 'deployment.kubernetes.io/revision': String(revision) };
      return one;
    });
    const chosen = beyondHistory(deployment(1, 0, 0, { revisionHistoryLimit: 1 }), old, byRevision);
    expect(chosen.map(({ metadata }) => metadata.name)).toEqual(['web-1', 'web-2']);
  });
});

describe('the ReplicaSet of a template', () => {
  const template = (labels: Record<string, string>, more: object = {}) => ({
    metadata: { labels, ...more },
    spec: { containers: [] },
  });
  const hash = 'pod-template-hash';
  it.each([
    ['the same', template({ [hash]: '1', a: 'b' }), template({ [hash]: '1', a: 'b' }), true],
    ['hash alone differs', template({ [hash]: '1', a: 'b' }), template({ [hash]: '2', a: 'b' }), true],
    ['hash in one alone', template({ a: 'b' }), template({ [hash]: '2', a: 'b' }), true],
    ['another label', template({ [hash]: '1', a: 'b' }), template({ [hash]: '1', a: 'c' }), false],
    ['one label more', template({ [hash]: '1', a: 'b' }), template({ [hash]: '1', a: 'b', c: 'd' }), false],
    [
      'an annotation',
      template({ [hash]: '1' }),
      template({ [hash]: '1' }, { annotations: { x: 'y' } }),
      false,
    ],
    ['no labels but the hash', template({ [hash]: '1' }), template({}), true],
  ])('%s', (_title, a, b, expected) => {
    expect(sameTemplate(a, b)).toBe(expected);
    expect(sameTemplate(b, a)).toBe(expected);
  });

  it('is the oldest where there are several, and none of another template', () => {
    const of = (name: string, hour: number, value: string) => {
      const one = replicaSet(name, 1, {}, hour);
      one.spec.template = template({ app: value, [hash]: name });
      return one;
    };
    const [older, newer, other] = [of('older', 1, 'web'), of('newer', 2, 'web'), of('other', 0, 'else')];
    const one = deployment(1, 0, 0, { template: template({ app: 'web' }) });
    expect(findNewReplicaSet(one, [newer, other, older])).toBe(older);
    expect(findNewReplicaSet(one, [other])).toBeUndefined();
  });

  it('adds up sizes', () => {
    const sets = [replicaSet('a', 1, { replicas: 2 }), replicaSet('b', 2, { replicas: 3 })];
    expect([sumReplicas(sets), sumStatus(sets, 'replicas')]).toEqual([3, 5]);
    expect([sumReplicas(sets.slice(0, 1)), sumStatus(sets.slice(0, 1), 'replicas')]).toEqual([1, 2]);
  });

  it('keeps the revisions it had', () => {
    let annotations: Record<string, string> = {};
    for (let revision = 11n; revision <= 20n; revision++) {
      annotations = newReplicaSetAnnotations(deployment(1), annotations, revision, true);
      expect(annotations['deployment.kubernetes.io/revision']).toBe(String(revision));
    }
    expect(annotations['deployment.kubernetes.io/revision-history']).toBe('11,12,13,14,15,16,17,18,19');
  });

  it.each<[Record<string, string> | undefined, boolean]>([
    [undefined, true],
    [{ desired: '8', max: '20' }, true],
    [{ desired: '10', max: '16' }, true],
    [{ desired: '10', max: '20' }, false],
  ])('told %j of 10 to 20 replicas, needs to be told: %s', (told, expected) => {
    const annotations = told && {
      'deployment.kubernetes.io/desired-replicas': told['desired'] ?? '',
      'deployment.kubernetes.io/max-replicas': told['max'] ?? '',
    };
    expect(lacks(annotations, sizeAnnotations(deployment(10, 10)))).toBe(expected);
  });
});

describe('conditions', () => {
  const failing = { type: 'Progressing', status: 'False', reason: 'ForSomeReason' };
  const going = { type: 'Progressing', status: 'True', reason: 'BecauseItIs' };
  const available = { type: 'Available', status: 'True', reason: 'Enough' };

  it.each<[DeploymentCondition[], DeploymentCondition, DeploymentCondition[]]>([
    [[], available, [available]],
    [[failing], available, [failing, available]],
    [[failing], going, [going]],
  ])('%j and %j: %j', (before, added, expected) => {
    const status: DeploymentStatus = { conditions: before };
    setCondition(status, added);
    expect(status.conditions).toEqual(expected);
    expect(conditionOf(status, added.type ?? '')).toEqual(added);
  });

  it.each<[DeploymentCondition[], string, DeploymentCondition[]]>([
    [[], 'Progressing', []],
    [[failing], 'Progressing', []],
    [[failing, available], 'ReplicaFailure', [failing, available]],
  ])('%j without %s: %j', (before, type, expected) => {
    const status: DeploymentStatus = { conditions: before };
    removeCondition(status, type);
    expect(status.conditions).toEqual(expected);
    expect(conditionOf(status, type)).toBeUndefined();
  });
});

describe('progress', () => {
  it.each([
    // desired, replicas, updated, available
    [5, 5, 5, 4, false],
    [5, 5, 5, 3, false],
    [5, 5, 5, 5, true],
    [5, 5, 4, 5, false],
    [1, 2, 1, 1, false],
    [1, 1, 1, 0, false],
  ])(
    '%d wanted, %d there, %d updated, %d available: complete %s',
    (desired, replicas, updatedReplicas, availableReplicas, expected) => {
      expect(isComplete(deployment(desired), { replicas, updatedReplicas, availableReplicas })).toBe(
        expected,
      );
    },
  );

  type Counts = [replicas: number, updated: number, ready: number, available: number];
  it.each<[Counts, Counts, boolean]>([
    [[10, 4, 4, 4], [10, 6, 4, 4], true],
    [[10, 4, 4, 4], [10, 4, 4, 4], false],
    [[10, 4, 6, 6], [8, 4, 6, 6], true],
    [[10, 7, 3, 3], [10, 6, 3, 3], false],
    [[10, 4, 7, 7], [8, 8, 5, 5], true],
    [[10, 10, 9, 8], [10, 10, 10, 8], true],
    [[10, 10, 10, 9], [10, 10, 10, 10], true],
  ])('from %j to %j: %s', (before, now, expected) => {
    const status = ([replicas, updatedReplicas, readyReplicas, availableReplicas]: Counts) => {
      return { replicas, updatedReplicas, readyReplicas, availableReplicas };
    };
    expect(hasProgressed(status(before), status(now))).toBe(expected);
  });

  const at = (time: string) => Date.parse(`2016-01-01T00:${time}Z`);
  const since = (time: string, more: object = {}) => ({
    conditions: [{ type: 'Progressing', status: 'True', lastUpdateTime: `2016-01-01T00:${time}Z`, ...more }],
  });
  it.each([
    [undefined, since('01:09'), '01:20', false],
    [endless, since('01:09'), '01:20', false],
    [10, since('01:09'), '01:20', true],
    [10, since('01:11'), '01:20', false],
    [10, since('01:10'), '01:20', false],
    [10, since('01:00', { reason: 'NewReplicaSetAvailable' }), '01:20', false],
    [10, since('01:20', { reason: 'ProgressDeadlineExceeded' }), '01:20', true],
    [10, {}, '01:20', false],
  ])('with a deadline of %s seconds and %j, timed out at %s: %s', (seconds, status, now, expected) => {
    const more = seconds === undefined ? {} : { progressDeadlineSeconds: seconds };
    expect(isTimedOut(deployment(1, 0, 0, more), status, at(now))).toBe(expected);
  });

  const failed = {
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
  };
  it.each([
    ['no deadline', undefined, since('00:00'), [4, 3, 3, 2], '00:30', undefined],
    ['no end to the deadline', endless, since('00:00'), [4, 3, 3, 2], '00:30', undefined],
    ['no condition', 60, {}, [4, 3, 3, 2], '00:30', undefined],
    ['complete', 60, since('00:00'), [3, 3, 3, 3], '00:30', undefined],
    ['failed', 60, failed, [3, 3, 3, 0], '00:30', undefined],
    ['half of it', 60, since('00:00'), [3, 3, 3, 1], '00:30', 30],
    ['the last second', 60, since('00:00'), [3, 3, 3, 1], '00:59', 1],
    ['the very end', 60, since('00:00'), [3, 3, 3, 1], '01:00', 0],
    ['after it', 60, since('00:00'), [3, 3, 3, 1], '01:01', 0],
    ['long after it', 60, since('00:00'), [3, 3, 3, 1], '02:00', 0],
  ] as [string, number | undefined, DeploymentStatus, Counts, string, number | undefined][])(
    'the deadline is looked at: %s',
    (_title, seconds, status, [desired, replicas, updatedReplicas, availableReplicas], now, expected) => {
      const more = seconds === undefined ? {} : { progressDeadlineSeconds: seconds };
      const one = { ...deployment(desired, 0, 0, more), status };
      const wait = deadlineCheckInMs(one, { replicas, updatedReplicas, availableReplicas }, at(now));
      // A second later than the deadline, which is told in whole seconds.
      expect(wait).toBe(expected === undefined ? undefined : (expected + 1) * 1000);
    },
  );

  const then = '2017-02-15T18:49:00Z';
  const now = '2017-02-15T19:49:00Z';
  const times = { lastUpdateTime: then, lastTransitionTime: then };
  const updated = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', ...times };
  const done = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', ...times };
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', ...times };
  type Sizes = [spec: number, status: number, available: number];
  interface Row {
    readonly title: string;
    readonly deadline?: number;
    readonly desired?: number;
    readonly before: Counts;
    readonly condition?: DeploymentCondition;
    readonly old?: Sizes;
    readonly newest?: Sizes;
    /** `status reason`, and which of its times are the former ones. */
    readonly expected: string | undefined;
    readonly kept?: 'both' | 'transition' | 'none';
  }
  it.each<Row>([
    {
      title: 'no deadline, no condition',
      before: [2, 2, 0, 2],
      condition: updated,
      old: [0, 1, 1],
      newest: [3, 2, 2],
      expected: undefined,
    },
    {
      title: 'a finished rollout stays finished',
      deadline: 60,
      before: [3, 3, 0, 3],
      condition: done,
      old: [3, 3, 3],
      expected: 'True NewReplicaSetAvailable',
      kept: 'both',
    },
    {
      title: 'progress keeps the transition',
      deadline: 60,
      before: [2, 2, 0, 2],
      condition: updated,
      old: [0, 1, 1],
      newest: [3, 2, 2],
      expected: 'True ReplicaSetUpdated',
      kept: 'transition',
    },
    {
      title: 'progress after a timeout',
      deadline: 60,
      before: [2, 2, 0, 2],
      condition: late,
      old: [0, 1, 1],
      newest: [3, 2, 2],
      expected: 'True ReplicaSetUpdated',
      kept: 'none',
    },
    {
      title: 'first progress',
      deadline: 60,
      before: [2, 2, 0, 2],
      old: [0, 1, 1],
      newest: [3, 2, 2],
      expected: 'True ReplicaSetUpdated',
      kept: 'none',
    },
    {
      title: 'completion keeps the transition',
      deadline: 60,
      before: [3, 3, 0, 3],
      condition: updated,
      newest: [3, 3, 3],
      expected: 'True NewReplicaSetAvailable',
      kept: 'transition',
    },
    {
      title: 'completion after a timeout',
      deadline: 60,
      before: [3, 3, 0, 3],
      condition: late,
      newest: [3, 3, 3],
      expected: 'True NewReplicaSetAvailable',
      kept: 'none',
    },
    {
      title: 'completion at once',
      deadline: 60,
      before: [3, 3, 0, 3],
      newest: [3, 3, 3],
      expected: 'True NewReplicaSetAvailable',
      kept: 'none',
    },
    {
      title: 'completion at nothing',
      deadline: 60,
      desired: 0,
      before: [3, 3, 0, 3],
      condition: updated,
      old: [0, 0, 0],
      expected: 'True NewReplicaSetAvailable',
      kept: 'transition',
    },
    {
      title: 'time is up',
      deadline: 60,
      before: [2, 2, 0, 2],
      condition: updated,
      newest: [3, 2, 2],
      expected: 'False ProgressDeadlineExceeded',
      kept: 'none',
    },
    {
      title: 'time was up before',
      deadline: 60,
      before: [2, 2, 0, 2],
      condition: late,
      newest: [3, 2, 2],
      expected: 'False ProgressDeadlineExceeded',
      kept: 'both',
    },
  ])('$title', ({ deadline, desired = 3, before, condition, old, newest, expected, kept }) => {
    const [replicas, updatedReplicas, , availableReplicas] = before;
    const one = deployment(desired, 0, 0, {
      ...recreate,
      ...(deadline === undefined ? {} : { progressDeadlineSeconds: deadline }),
    });
    one.status = { replicas, updatedReplicas, availableReplicas, conditions: condition ? [condition] : [] };
    const set = (name: string, [spec, status, available]: Sizes) =>
      replicaSet(name, spec, { replicas: status, availableReplicas: available });
    const current = newest && set('web-2', newest);
    const all = [...(old ? [set('web-1', old)] : []), ...(current ? [current] : [])];
    const found = conditionOf(rolloutStatus(one, all, current, Date.parse(now)), 'Progressing');
    expect(found && `${found.status} ${found.reason}`).toBe(expected);
    if (kept === undefined) return;
    expect([found?.lastUpdateTime === then, found?.lastTransitionTime === then]).toEqual(
      { both: [true, true], transition: [false, true], none: [false, false] }[kept],
    );
  });
});
