import { describe, expect, it } from 'vitest';
import { selectorFromSet } from '@drydock/base/apimachinery';
import type { ReplicaSetCondition } from '@drydock/api/apps/v1';
import type { Pod } from '@drydock/api/core/v1';
import { podsToDelete } from './pod-ranking.ts';
import { slowStart } from './slow-start.ts';
import { replicaStatus, type StatusInput } from './status.ts';

// The facts of kube-controller-manager's own tables about replicas.

const now = Date.parse('2026-03-01T00:00:00Z');
const monthAgo = '2026-02-01T00:00:00Z';
const justNow = '2026-03-01T00:00:00Z';

interface PodFacts {
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: boolean | string;
  readonly restarts?: readonly number[];
  readonly sidecarRestarts?: number;
  readonly created?: string;
  readonly cost?: string;
  readonly uid?: string;
}

/** `ready` is the time since when, or true where none is told. */
function pod(name: string, { node = '', phase = 'Running', ready = false, ...more }: PodFacts = {}): Pod {
  const { restarts = [], sidecarRestarts, created = monthAgo, cost, uid = name } = more;
  return {
    metadata: {
      name,
      uid,
      creationTimestamp: created,
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: {
      ...(node === '' ? {} : { nodeName: node }),
      ...(sidecarRestarts === undefined
        ? {}
        : { initContainers: [{ name: 'side', restartPolicy: 'Always' }] }),
    },
    status: {
      phase,
      conditions:
        ready === false
          ? []
          : [{ type: 'Ready', status: 'True', ...(ready === true ? {} : { lastTransitionTime: ready }) }],
      containerStatuses: restarts.map((restartCount) => ({ restartCount })),
      ...(sidecarRestarts === undefined
        ? {}
        : { initContainerStatuses: [{ name: 'side', restartCount: sidecarRestarts }] }),
    },
  } as Pod;
}
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

describe('the Pods that go first', () => {
  const ordered = [
    pod('unscheduled', { phase: 'Pending' }),
    pod('pending', { node: 'bar', phase: 'Pending' }),
    pod('unknown', { node: 'foo', phase: 'Unknown' }),
    pod('not-ready', { node: 'foo' }),
    pod('ready-since-when', { node: 'foo', ready: true, restarts: [3, 0] }),
    pod('ready-now', { node: 'foo', ready: justNow, restarts: [3, 0] }),
    pod('ready-long', { node: 'foo', ready: monthAgo, restarts: [3, 0] }),
    pod('fewer-restarts', { node: 'foo', ready: monthAgo, restarts: [2, 1], created: justNow }),
    pod('older', { node: 'foo', ready: monthAgo, restarts: [2, 1], created: monthAgo }),
  ];
  it.each(ordered.slice(1).map((greater, index) => [ordered[index] as Pod, greater]))(
    '$metadata.name before $metadata.name',
    (lesser, greater) => {
      for (const pods of [
        [lesser, greater],
        [greater, lesser],
      ]) {
        expect(names(podsToDelete(pods, [], 1, now))).toEqual([lesser.metadata.name]);
      }
    },
  );

  it('are in one order, however they are given', () => {
    for (let turn = 0; turn < ordered.length; turn++) {
      const given = [...ordered.slice(turn), ...ordered.slice(0, turn).reverse()];
      const all = [...given, pod('stays', { node: 'foo', ready: monthAgo, created: '2020-01-01T00:00:00Z' })];
      expect(names(podsToDelete(all, [], ordered.length, now))).toEqual(names(ordered));
    }
  });

  const crowd = (node: string, count: number) =>
    Array.from({ length: count }, (_, at) => pod(`${node}-${at}`, { node }));
  type Side = readonly [facts: PodFacts, crowd: number];
  const then = monthAgo;
  it.each<[string, Side, Side]>([
    ['unscheduled, wherever the crowd is', [{ phase: 'Pending' }, 0], [{ node: 'b', phase: 'Pending' }, 2]],
    ['pending before unknown', [{ node: 'a', phase: 'Pending' }, 1], [{ node: 'b', phase: 'Unknown' }, 2]],
    ['unknown before running', [{ node: 'a', phase: 'Unknown' }, 1], [{ node: 'b' }, 2]],
    ['not ready before ready', [{ node: 'a' }, 1], [{ node: 'b', ready: true }, 1]],
    ['ready for no known time', [{ node: 'a', ready: true }, 1], [{ node: 'b', ready: justNow }, 1]],
    ['more neighbours', [{ node: 'a', ready: justNow }, 2], [{ node: 'b', ready: true }, 1]],
    ['ready for less', [{ node: 'a', ready: justNow }, 1], [{ node: 'b', ready: then }, 1]],
    ['more neighbours, ready for less', [{ node: 'a', ready: justNow }, 2], [{ node: 'b', ready: then }, 1]],
    ['more restarts', [{ node: 'a', ready: then, restarts: [9001] }, 1], [{ node: 'b', ready: then }, 1]],
    [
      'neighbours before restarts',
      [{ node: 'a', ready: then }, 2],
      [{ node: 'b', ready: then, restarts: [9001] }, 1],
    ],
    [
      'younger',
      [{ node: 'a', ready: then, created: justNow }, 1],
      [{ node: 'b', ready: then, created: then }, 1],
    ],
    [
      'neighbours before age',
      [{ node: 'a', ready: then, created: then }, 2],
      [{ node: 'b', ready: then, created: justNow }, 1],
    ],
    [
      'more restarts of sidecars',
      [{ node: 'a', ready: then, sidecarRestarts: 5 }, 1],
      [{ node: 'b', ready: then, sidecarRestarts: 1 }, 1],
    ],
    [
      'restarts before those of sidecars',
      [{ node: 'a', ready: then, restarts: [2] }, 1],
      [{ node: 'b', ready: then, restarts: [1], sidecarRestarts: 9 }, 1],
    ],
    ['lower cost', [{ node: 'a', ready: then, cost: '-10' }, 1], [{ node: 'b', ready: then, cost: '5' }, 1]],
    [
      'cost before neighbours',
      [{ node: 'a', ready: then, cost: '1' }, 1],
      [{ node: 'b', ready: then, cost: '2' }, 3],
    ],
    ['ready before cost', [{ node: 'a', cost: '100' }, 1], [{ node: 'b', ready: then, cost: '1' }, 1]],
    [
      'a cost that is none counts as 0',
      [{ node: 'a', ready: then, cost: '+7' }, 1],
      [{ node: 'b', ready: then, cost: '1' }, 1],
    ],
    [
      'the smaller uid, ages being alike',
      [{ node: 'a', ready: '2026-02-01T00:00:00Z', uid: 'a' }, 1],
      [{ node: 'b', ready: '2026-02-02T00:00:00Z', uid: 'b' }, 1],
    ],
  ])('%s', (_title, [lesser, lesserCrowd], [greater, greaterCrowd]) => {
    const [first, second] = [pod('first', lesser), pod('second', greater)];
    const related = [...crowd('a', lesserCrowd), ...crowd('b', greaterCrowd)];
    for (const pods of [
      [first, second],
      [second, first],
    ]) {
      expect(names(podsToDelete(pods, related, 1, now))).toEqual(['first']);
    }
  });

  const parts = {
    unscheduled: pod('unscheduled', { phase: 'Pending' }),
    pending: pod('pending', { node: 'n', phase: 'Pending' }),
    sick: pod('sick', { node: 'n' }),
    one: pod('one', { node: 'n1', ready: true }),
    two: pod('two', { node: 'n2', ready: true }),
  };
  type Part = keyof typeof parts;
  it.each<[Part[], Part[] | undefined, number, Part[]]>([
    [[], undefined, 0, []],
    [['sick', 'one'], undefined, 2, ['sick', 'one']],
    [['one', 'sick'], undefined, 1, ['sick']],
    [
      ['one', 'one', 'two', 'sick', 'pending', 'unscheduled'],
      undefined,
      6,
      ['one', 'one', 'two', 'sick', 'pending', 'unscheduled'],
    ],
    [
      ['one', 'one', 'two', 'sick', 'pending', 'unscheduled'],
      [],
      6,
      ['one', 'one', 'two', 'sick', 'pending', 'unscheduled'],
    ],
    [['pending', 'unscheduled'], undefined, 1, ['unscheduled']],
    [['one', 'sick', 'sick'], undefined, 2, ['sick', 'sick']],
    [['one', 'two'], ['one', 'two', 'two'], 1, ['two']],
    [['pending', 'sick'], undefined, 1, ['pending']],
    [['one', 'two', 'sick', 'pending', 'unscheduled'], undefined, 3, ['unscheduled', 'pending', 'sick']],
  ])('of %j beside %j, %d: %j', (given, related, count, expected) => {
    const pods = given.map((part) => parts[part]);
    const beside = related?.map((part) => parts[part]) ?? pods;
    expect(names(podsToDelete(pods, beside, count, now))).toEqual(expected);
  });
});

describe('batches that grow', () => {
  it.each([
    ['all fail', 10, 0, 0, 1],
    ['all succeed', 10, 10, 10, 10],
    ['some fail', 10, 5, 5, 7],
    ['nothing to do', 0, 0, 0, 0],
  ])(
    '%s: of %d the first %d succeed: %d did, %d were tried',
    async (_title, count, limit, succeeded, tried) => {
      let calls = 0;
      const result = await slowStart(count, () => {
        calls++;
        return calls > limit ? Promise.reject(new Error('refused')) : Promise.resolve();
      });
      expect(result.succeeded).toBe(succeeded);
      expect(calls).toBe(tried);
      expect(result.error).toEqual(limit < count ? new Error('refused') : undefined);
    },
  );
});

describe('the status of a set of replicas', () => {
  const full = { name: 'foo', type: 'production' };
  const part = { name: 'foo' };
  const labelled = (labels: Record<string, string>, ready = true) => {
    const one = pod('x', { node: 'n', ready: ready && justNow });
    one.metadata.labels = labels;
    return one;
  };
  const input = (pods: readonly Pod[], more: Partial<StatusInput> = {}): StatusInput => ({
    desired: 2,
    minReadySeconds: 0,
    templateLabels: selectorFromSet(full),
    activePods: pods,
    terminating: undefined,
    previous: undefined,
    failure: undefined,
    nowMs: now,
    ...more,
  });
  it.each([
    ['one', [labelled(full)], 0, [1, 1, 1, 1]],
    ['one with another label missing', [labelled(part)], 0, [1, 0, 1, 1]],
    ['two', [labelled(full), labelled(full)], 0, [2, 2, 2, 2]],
    ['two that lack a label', [labelled(part), labelled(part)], 0, [2, 0, 2, 2]],
    ['one of each', [labelled(part), labelled(full)], 0, [2, 1, 2, 2]],
    ['one that is not ready', [labelled(full, false)], 0, [1, 1, 0, 0]],
    ['one that is not ready for long enough', [labelled(full)], 3600, [1, 1, 1, 0]],
  ])('%s', (_title, pods, minReadySeconds, [replicas, labels, ready, available]) => {
    const {
      fullyLabeledReplicas = 0,
      readyReplicas = 0,
      availableReplicas = 0,
      ...rest
    } = replicaStatus(input(pods, { minReadySeconds }));
    expect([rest.replicas, fullyLabeledReplicas, readyReplicas, availableReplicas]).toEqual([
      replicas,
      labels,
      ready,
      available,
    ]);
  });

  const stands: ReplicaSetCondition = { type: 'ReplicaFailure', status: 'True' };
  const failed = (reason: string) => ({
    type: 'ReplicaFailure',
    status: 'True',
    reason,
    message: 'no',
    lastTransitionTime: justNow,
  });
  it.each([
    ['too few', 2, 1, true, [], [failed('FailedCreate')]],
    ['too many', 2, 3, true, [], [failed('FailedDelete')]],
    ['over', 10, 1, false, [stands], undefined],
    ['again', 10, 1, true, [stands], [stands]],
    ['none', 2, 1, false, [], undefined],
  ])('a failure with %s: %d wanted, %d there', (_title, desired, count, fails, before, expected) => {
    const status = replicaStatus(
      input(
        Array.from({ length: count }, () => labelled(full)),
        {
          desired,
          previous: { replicas: count, conditions: before },
          failure: fails ? new Error('no') : undefined,
        },
      ),
    );
    expect(status.conditions).toEqual(expected);
  });
});
