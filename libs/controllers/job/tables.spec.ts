import { describe, expect, it } from 'vitest';
import type { Job, PodFailurePolicyRule, SuccessPolicyRule } from '@drydock/api/batch/v1';
import type { ContainerStatus, Pod } from '@drydock/api/core/v1';
import { assessJob } from './assess.ts';
import { finishedAtMs, nextRecord, remainingMs } from './backoff.ts';
import { matchPodFailurePolicy } from './failure-policy.ts';
import { formatIndexes, indexAnnotation, parseIndexes } from './indexes.ts';
import { manageJob, wantedActive } from './manage.ts';
import { failureCountAnnotation, ignoredCountAnnotation } from './per-index.ts';
import { podNamePrefix, superfluous } from './pods.ts';
import { matchSuccessPolicy } from './success-policy.ts';

// The facts of kube-controller-manager's own tables about Jobs.

const nowMs = Date.parse('2009-11-10T23:00:00Z');
const at = (beforeMs: number) => new Date(nowMs - beforeMs).toISOString();
const finalizer = 'batch.kubernetes.io/job-tracking';

interface PodFacts {
  readonly index?: string;
  readonly metadata?: object;
  readonly status?: object;
  readonly spec?: object;
}
let serial = 0;
function pod(phase: string, { index, metadata = {}, status = {}, spec = {} }: PodFacts = {}): Pod {
  const name = `pod-${serial++}`;
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      finalizers: [finalizer],
      ...metadata,
      ...(index === undefined
        ? {}
        : { annotations: { [indexAnnotation]: index, ...annotationsOf(metadata) } }),
    },
    spec: { containers: [], ...spec },
    status: { phase, ...status },
  } as Pod;
}
const annotationsOf = (metadata: object) => (metadata as { annotations?: object }).annotations ?? {};

function job(spec: object, status: object = {}): Job {
  return {
    metadata: { name: 'job', namespace: 'default', uid: 'job' },
    spec: { template: {}, ...spec },
    status,
  } as Job;
}
const assess = (one: Job, pods: readonly Pod[]) =>
  assessJob({ job: one, pods, released: new Set<string>(), nowMs });

describe('indexes as text', () => {
  it.each([
    ['', []],
    ['3', [3]],
    ['2,3', [2, 3]],
    ['0,2-5', [0, 2, 3, 4, 5]],
    ['2,3,5-7', [2, 3, 5, 6, 7]],
    ['0,2,4,5,7,8,10-12', [0, 2, 4, 5, 7, 8, 10, 11, 12]],
  ])('%s', (text, indexes) => {
    expect(formatIndexes(indexes)).toBe(text);
    expect([...parseIndexes(text, 20)]).toEqual(indexes);
  });

  it.each([
    ['0-5,8-10', 8, '0-5'],
    ['0-5,8-10', 10, '0-5,8,9'],
    ['0,1-foo,bar', 4, '0'],
    ['2-3', 9, '2,3'],
    ['', 3, ''],
  ])('%s of %d is %s', (text, completions, expected) => {
    expect(formatIndexes(parseIndexes(text, completions))).toBe(expected);
  });

  const done = 'Succeeded';
  it.each<[string, number, [index: string | undefined, phase: string][], string]>([
    ['', 2, [['1', done]], '1'],
    [
      '',
      11,
      [
        ['2', 'Failed'],
        ['5', done],
        ['5', done],
        ['10', 'Failed'],
        ['10', done],
      ],
      '5,10',
    ],
    [
      '',
      8,
      [
        ['0', 'Running'],
        ['1', 'Pending'],
        ['2', done],
        ['3', done],
        ['5', done],
        ['6', done],
        ['7', done],
      ],
      '2,3,5-7',
    ],
    [
      '',
      6,
      [
        ['0', done],
        ['1', 'Failed'],
        ['2', done],
        ['3', done],
        ['4', done],
        ['5', done],
        [undefined, done],
        ['-2', done],
      ],
      '0,2-5',
    ],
    [
      '',
      5,
      [
        ['0', done],
        ['1', done],
        ['2', done],
        ['3', 'Failed'],
        ['4', done],
        ['5', done],
        [undefined, done],
        ['-2', done],
      ],
      '0-2,4',
    ],
    [
      '0,4,5,10-12',
      13,
      [
        ['2', done],
        ['7', done],
        ['8', done],
      ],
      '0,2,4,5,7,8,10-12',
    ],
    [
      '3,4,6',
      9,
      [
        ['2', done],
        ['7', done],
        ['8', done],
      ],
      '2-4,6-8',
    ],
    [
      '2,7,8',
      9,
      [
        ['3', done],
        ['4', done],
        ['6', done],
      ],
      '2-4,6-8',
    ],
    [
      '2-7',
      10,
      [
        ['0', done],
        ['3', done],
        ['5', done],
        ['9', done],
      ],
      '0,2-7,9',
    ],
    ['0,1-foo,bar', 4, [['3', done]], '0,3'],
  ])('after %s of %d come %j: %s', (completedIndexes, completions, facts, expected) => {
    const one = job({ completionMode: 'Indexed', completions, parallelism: 1 }, { completedIndexes });
    const pods = facts.map(([index, phase]) => pod(phase, index === undefined ? {} : { index }));
    const { succeededIndexes, succeeded } = assess(one, pods);
    expect(formatIndexes(succeededIndexes)).toBe(expected);
    expect(succeeded).toBe(succeededIndexes.size);
  });

  it('counts no Pod that has lost its finalizer', () => {
    const one = job({ completionMode: 'Indexed', completions: 3 });
    expect([
      ...assess(one, [pod(done, { index: '1', metadata: { finalizers: [] } })]).succeededIndexes,
    ]).toEqual([]);
  });
});

describe('what is made and removed', () => {
  const none = { failures: 0, lastFailureMs: undefined };
  const plan = (one: Job, pods: readonly Pod[]) => manageJob(one, pods, assess(one, pods), none, nowMs);

  it.each<
    [
      string,
      number,
      number | undefined,
      [pending: number, active: number, succeeded: number, failed: number],
      number,
      number,
    ]
  >([
    ['a start', 2, 5, [0, 0, 0, 0], 2, 0],
    ['a start of a work queue', 2, undefined, [0, 0, 0, 0], 2, 0],
    ['Pods that wait', 2, 5, [2, 0, 0, 0], 0, 0],
    ['enough Pods', 2, 5, [0, 2, 0, 0], 0, 0],
    ['enough Pods of a work queue', 2, undefined, [0, 2, 0, 0], 0, 0],
    ['too few Pods', 2, 5, [0, 1, 1, 0], 1, 0],
    ['too few Pods of a work queue', 2, undefined, [0, 1, 0, 0], 1, 0],
    ['too many Pods', 2, 5, [0, 3, 0, 0], 0, 1],
    ['many more Pods than completions', 2, 5, [0, 10, 0, 0], 0, 8],
    ['the last completion is at work', 2, 5, [0, 1, 4, 0], 0, 0],
    ['more at work than is left', 3, 5, [0, 3, 4, 0], 0, 2],
    ['the end', 2, 5, [0, 0, 5, 0], 0, 0],
    ['the end of a work queue', 2, undefined, [0, 1, 1, 0], 0, 0],
    ['a work queue that goes on with all it has', 1, undefined, [0, 3, 1, 0], 0, 0],
    ['half done', 2, 5, [0, 2, 2, 0], 0, 0],
    ['more than one pass may make', 1000, 1000, [0, 0, 0, 0], 500, 0],
    ['parallelism that went to nothing', 0, 5, [1, 1, 0, 0], 0, 2],
  ])('%s', (_title, parallelism, completions, [pending, active, succeeded, failed], creations, removals) => {
    const of = (count: number, phase: string) => Array.from({ length: count }, () => pod(phase));
    const pods = [
      ...of(pending, 'Pending'),
      ...of(active, 'Running'),
      ...of(succeeded, 'Succeeded'),
      ...of(failed, 'Failed'),
    ];
    const one = job({ parallelism, ...(completions === undefined ? {} : { completions }) });
    const { create, remove } = plan(one, pods);
    expect([create.length, remove.length]).toEqual([creations, removals]);
  });

  it('leaves a work queue what it has after the first success', () => {
    expect(wantedActive(job({ parallelism: 1 }), 3, 1)).toBe(3);
    expect(wantedActive(job({ parallelism: 1 }), 3, 0)).toBe(1);
  });

  it.each<[number, number, string[], string, number[]]>([
    [5, 3, [], '', [0, 1, 2]],
    [2, 5, [], '', [0, 1]],
    [3, 10, ['0', '1'], '', [2]],
    [5, 10, ['0', '1'], '', [2, 3, 4]],
    [6, 6, [], '4,5', [0, 1, 2, 3]],
    [8, 20, ['3', '5', '8'], '2-4,9', [0, 1, 6, 7, 10]],
  ])(
    '%d at once of %d, at work %j, done %s: %j',
    (parallelism, completions, active, completedIndexes, expected) => {
      const one = job({ completionMode: 'Indexed', completions, parallelism }, { completedIndexes });
      const { create } = plan(
        one,
        active.map((index) => pod('Running', { index })),
      );
      expect(create.map(({ index }) => index)).toEqual(expected);
    },
  );

  it.each<[number, [index: string | undefined, phase: string][], string[], string[]]>([
    [
      6,
      [
        [undefined, 'Pending'],
        ['2', 'Pending'],
        ['5', 'Running'],
        ['6', 'Running'],
      ],
      ['- Pending', '6 Running'],
      ['2 Pending', '5 Running'],
    ],
    [
      6,
      [
        ['5', 'Pending'],
        ['0', 'Running'],
        ['3', 'Pending'],
        ['0', 'Running'],
        ['3', 'Running'],
        ['0', 'Pending'],
        ['6', 'Running'],
        ['6', 'Pending'],
      ],
      ['0 Pending', '0 Running', '3 Pending', '6 Running', '6 Pending'],
      ['0 Running', '3 Running', '5 Pending'],
    ],
    [
      6,
      [
        [undefined, 'Pending'],
        ['invalid', 'Running'],
        ['-2', 'Running'],
        ['0', 'Pending'],
        ['1', 'Pending'],
        ['1', 'Pending'],
        ['1', 'Running'],
      ],
      ['- Pending', 'invalid Running', '-2 Running', '1 Pending', '1 Pending'],
      ['0 Pending', '1 Running'],
    ],
  ])('of %d indexes %j: %j go, %j stay', (completions, facts, removed, kept) => {
    const pods = facts.map(([index, phase]) => pod(phase, index === undefined ? {} : { index }));
    const words = (list: readonly Pod[]) =>
      list.map(
        ({ metadata, status }) => `${metadata.annotations?.[indexAnnotation] ?? '-'} ${status?.phase}`,
      );
    const { remove, left } = superfluous(pods, completions);
    expect([words(remove), words(left)]).toEqual([removed, kept]);
  });

  it.each([
    ['indexed-job', 'indexed-job-1-'],
    ['hhhhhooooo'.repeat(7), `${'hhhhhooooo'.repeat(5)}hhhhh-1-`],
    [`${'hhhhhooooo'.repeat(5)}hhhhhoo`, `${'hhhhhooooo'.repeat(5)}hhhhh-1-`],
  ])('%s makes Pods named %s', (name, expected) => {
    expect(podNamePrefix(name, 1)).toBe(expected);
  });

  it('keeps the place of an index that waits for its back-off', () => {
    const one = job({ completionMode: 'Indexed', completions: 4, parallelism: 2, backoffLimitPerIndex: 3 });
    const failed = pod('Failed', { index: '0', metadata: { creationTimestamp: at(1000) } });
    const { create, waitMs } = plan(one, [failed]);
    expect(create).toEqual([{ index: 1, annotations: { [failureCountAnnotation]: '0' } }]);
    expect(waitMs).toBe(9000);
  });

  it.each([
    ['a first failure', {}, undefined, { [failureCountAnnotation]: '1' }],
    ['a third failure', { [failureCountAnnotation]: '2' }, undefined, { [failureCountAnnotation]: '3' }],
    [
      'a failure that is ignored',
      { [failureCountAnnotation]: '2', [ignoredCountAnnotation]: '1' },
      { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] },
      { [failureCountAnnotation]: '2', [ignoredCountAnnotation]: '2' },
    ],
  ])('%s is told to the next Pod of the index', (_title, annotations, podFailurePolicy, expected) => {
    const more = { completionMode: 'Indexed', completions: 1, parallelism: 1, backoffLimitPerIndex: 9 };
    const one = job({ ...more, ...(podFailurePolicy && { podFailurePolicy }) });
    const failed = pod('Failed', {
      index: '0',
      metadata: { annotations, creationTimestamp: at(3_600_000) },
      status: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    });
    expect(plan(one, [failed]).create).toEqual([{ index: 0, annotations: expected }]);
  });
});

describe('the back-off', () => {
  const ended = (beforeMs: number) =>
    pod('Failed', { status: { containerStatuses: [endedAt(at(beforeMs))] } });
  const endedAt = (finishedAt?: string, name = '') => ({
    name,
    state: { terminated: finishedAt ? { finishedAt } : {} },
  });
  const running = { state: { running: {} } };

  it.each<[string, number, number[], number[], number, number | undefined]>([
    ['one failure', 0, [], [0], 1, 0],
    ['two failures', 0, [], [0, 1], 2, 0],
    ['two failures before a success', 0, [0], [2, 1], 0, undefined],
    ['failures before and after a success', 0, [2], [0, 4, 3, 1], 2, 0],
    ['a failure after two', 2, [], [0], 3, 0],
    ['a failure with a success', 0, [0], [0], 0, undefined],
    ['nothing', 0, [], [], 0, undefined],
    ['a success', 5, [0], [], 0, undefined],
  ])('%s', (_title, failures, succeeded, failed, expected, lastBeforeMs) => {
    const before = { failures, lastFailureMs: failures === 0 ? undefined : nowMs + 5000 };
    expect(nextRecord(before, succeeded.map(ended), failed.map(ended))).toEqual({
      failures: expected,
      lastFailureMs: lastBeforeMs === undefined ? undefined : nowMs - lastBeforeMs,
    });
  });

  const notReady = { type: 'Ready', status: 'False', lastTransitionTime: at(0) };
  it.each<[string, PodFacts, number]>([
    [
      'the last container',
      { status: { containerStatuses: [endedAt(at(1000)), endedAt(at(0)), endedAt(at(2000))] } },
      0,
    ],
    [
      'the deletion, where a container runs',
      { status: { containerStatuses: [endedAt(at(1000)), running] }, metadata: { deletionTimestamp: at(0) } },
      0,
    ],
    ['the deletion', { status: { containerStatuses: [running] }, metadata: { deletionTimestamp: at(0) } }, 0],
    [
      'when the deletion was asked for',
      {
        status: { containerStatuses: [running] },
        metadata: { deletionTimestamp: at(0), deletionGracePeriodSeconds: 30 },
      },
      30_000,
    ],
    ['the loss of readiness', { status: { containerStatuses: [endedAt()], conditions: [notReady] } }, 0],
    [
      'never its readiness',
      {
        status: {
          containerStatuses: [endedAt()],
          conditions: [{ ...notReady, status: 'True', lastTransitionTime: at(30_000) }],
        },
        metadata: { deletionTimestamp: at(0) },
      },
      0,
    ],
    [
      'its creation',
      { status: { containerStatuses: [endedAt()] }, metadata: { creationTimestamp: at(0) } },
      0,
    ],
    [
      'the last sidecar',
      {
        spec: { initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'init' }] },
        status: {
          containerStatuses: [endedAt(at(1000))],
          initContainerStatuses: [endedAt(at(0), 'side'), endedAt(undefined, 'init')],
        },
      },
      0,
    ],
  ])('a Pod finished with %s', (_title, facts, beforeMs) => {
    expect(finishedAtMs(pod('Failed', facts))).toBe(nowMs - beforeMs);
  });

  it.each([
    [0, undefined, 0],
    [1, 0, 10],
    [1, 1, 9],
    [1, 10, 0],
    [1, 11, 0],
    [3, 0, 40],
    [7, 0, 600],
    [6, 0, 320],
    [60, 0, 600],
  ])('%d failures, the last %s seconds ago: %d seconds', (failures, seconds, expected) => {
    const lastFailureMs = seconds === undefined ? undefined : nowMs - seconds * 1000;
    expect(remainingMs({ failures, lastFailureMs }, nowMs)).toBe(expected * 1000);
  });
});

describe('the failure policy', () => {
  const codes = (operator: string, values: number[], containerName?: string) => ({
    onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) },
  });
  const states = (...conditions: [type: string, status: string][]) => ({
    onPodConditions: conditions.map(([type, status]) => ({ type, status })),
  });
  const rule = (action: string, on: object) => ({ action, ...on }) as PodFailurePolicyRule;
  const exited = (name: string, exitCode: number) =>
    ({ name, state: { terminated: { exitCode } } }) as ContainerStatus;
  const target = (status: string) => ({ conditions: [{ type: 'DisruptionTarget', status }] });
  const message = (container: string, code: number, index: number) =>
    `Container ${container} for pod default/mypod failed with exit code ${code} matching FailJob rule at index ${index}`;

  it.each<
    [string, PodFailurePolicyRule[] | undefined, object, string | undefined, boolean, string | undefined]
  >([
    ['no rules', undefined, { containerStatuses: [exited('main', 2)] }, undefined, true, undefined],
    [
      'an action that nobody knows',
      [rule('Unknown', codes('In', [1, 2])), rule('FailJob', codes('In', [2, 3]))],
      { containerStatuses: [exited('main', 2)] },
      message('main', 2, 1),
      true,
      'FailJob',
    ],
    [
      'an action that nobody knows, by condition',
      [
        rule('Unknown', states(['DisruptionTarget', 'True'])),
        rule('Ignore', states(['DisruptionTarget', 'True'])),
      ],
      target('True'),
      undefined,
      false,
      'Ignore',
    ],
    [
      'an operator that nobody knows',
      [rule('Ignore', codes('Unknown', [1, 2])), rule('FailJob', codes('In', [2, 3]))],
      { containerStatuses: [exited('main', 2)] },
      message('main', 2, 1),
      true,
      'FailJob',
    ],
    [
      'a code to ignore',
      [rule('Ignore', codes('In', [1, 2, 3]))],
      { containerStatuses: [exited('main', 2)] },
      undefined,
      false,
      'Ignore',
    ],
    [
      'a negative code',
      [rule('Ignore', codes('In', [-1073741676, -1073741510]))],
      { containerStatuses: [exited('main', -1073741510)] },
      undefined,
      false,
      'Ignore',
    ],
    [
      'a code that fails the Job',
      [rule('FailJob', codes('In', [1, 2, 3]))],
      { containerStatuses: [exited('main', 2)] },
      message('main', 2, 0),
      true,
      'FailJob',
    ],
    [
      'containers that succeeded',
      [rule('FailJob', codes('NotIn', [111]))],
      {
        initContainerStatuses: [exited('init', 0)],
        containerStatuses: [exited('main', 111), exited('support', 0)],
      },
      undefined,
      true,
      undefined,
    ],
    [
      'a code that fails the index',
      [rule('FailIndex', codes('In', [1, 2, 3]))],
      { containerStatuses: [exited('main', 2)] },
      undefined,
      true,
      'FailIndex',
    ],
    [
      'any code but 0',
      [rule('FailJob', codes('NotIn', [0]))],
      { containerStatuses: [exited('main', 1), exited('support', 0)] },
      message('main', 1, 0),
      true,
      'FailJob',
    ],
    [
      'the second rule',
      [rule('Count', codes('In', [1, 2, 3])), rule('FailJob', codes('In', [4, 5, 6]))],
      { containerStatuses: [exited('main', 6)] },
      message('main', 6, 1),
      true,
      'FailJob',
    ],
    [
      'a code that counts',
      [rule('Count', codes('In', [1, 2, 3]))],
      { containerStatuses: [{ name: 'foo' }, exited('bar', 2)] },
      undefined,
      true,
      'Count',
    ],
    [
      'a condition that fails the index',
      [rule('FailIndex', states(['DisruptionTarget', 'True']))],
      target('True'),
      undefined,
      true,
      'FailIndex',
    ],
    [
      'a condition to ignore',
      [rule('Ignore', states(['DisruptionTarget', 'True']))],
      target('True'),
      undefined,
      false,
      'Ignore',
    ],
    [
      'a condition that is False',
      [rule('Ignore', states(['DisruptionTarget', 'False']))],
      target('False'),
      undefined,
      false,
      'Ignore',
    ],
    [
      'a condition that is Unknown',
      [rule('Ignore', states(['DisruptionTarget', 'Unknown']))],
      target('Unknown'),
      undefined,
      false,
      'Ignore',
    ],
    [
      'a condition with another status',
      [rule('Ignore', states(['DisruptionTarget', 'False']))],
      target('True'),
      undefined,
      true,
      undefined,
    ],
    [
      'a condition that fails the Job',
      [rule('FailJob', states(['DisruptionTarget', 'True']))],
      target('True'),
      'Pod default/mypod has condition DisruptionTarget matching FailJob rule at index 0',
      true,
      'FailJob',
    ],
    [
      'a condition that counts',
      [rule('Count', states(['DisruptionTarget', 'True']))],
      target('True'),
      undefined,
      true,
      'Count',
    ],
    [
      'another container',
      [rule('FailJob', codes('In', [1], 'other'))],
      { containerStatuses: [exited('main', 1)] },
      undefined,
      true,
      undefined,
    ],
    [
      'one container by name',
      [rule('FailJob', codes('In', [1], 'main'))],
      { containerStatuses: [exited('support', 1), exited('main', 1)] },
      message('main', 1, 0),
      true,
      'FailJob',
    ],
    [
      'an init container',
      [rule('FailJob', codes('In', [5]))],
      { initContainerStatuses: [exited('init', 5)] },
      message('init', 5, 0),
      true,
      'FailJob',
    ],
    [
      'containers before init containers',
      [rule('FailJob', codes('In', [5]))],
      { initContainerStatuses: [exited('init', 5)], containerStatuses: [exited('main', 5)] },
      message('main', 5, 0),
      true,
      'FailJob',
    ],
  ])('%s', (_title, rules, status, text, countFailed, action) => {
    const failed = pod('Failed', { status, metadata: { name: 'mypod' } });
    expect(matchPodFailurePolicy(rules && { rules }, failed)).toEqual({
      countFailed,
      ...(text === undefined ? {} : { message: text }),
      ...(action === undefined ? {} : { action }),
    });
  });
});

describe('the success policy', () => {
  it.each<[string, SuccessPolicyRule[] | undefined, number | undefined]>([
    ['0', undefined, undefined],
    ['0', [], undefined],
    ['0', [{ succeededIndexes: 'invalid-form' }], undefined],
    ['0-2,4-7', [{ succeededIndexes: '0-2' }], 0],
    ['0-2', [{ succeededIndexes: '3' }], undefined],
    ['0-2', [{ succeededCount: 2 }], 0],
    ['0-2', [{ succeededCount: 4 }], undefined],
    ['0-2,4-7', [{ succeededIndexes: '9' }, { succeededIndexes: '4,6' }], 1],
    ['0-2,4-7', [{ succeededIndexes: '0,1' }, { succeededIndexes: '5' }], 0],
    ['0-2,4-7', [{ succeededIndexes: '3-6', succeededCount: 2 }], 0],
    ['0-2,6-7', [{ succeededIndexes: '3-6', succeededCount: 2 }], undefined],
    ['', [{ succeededCount: 4 }], undefined],
    ['1-9', [{ succeededIndexes: '2-4,6-8' }], 0],
    ['2-4,6-9', [{ succeededIndexes: '2-4,6-9' }], 0],
    ['2-5,7-9', [{ succeededIndexes: '2-4,8-12' }], 0],
    ['1-3', [{ succeededIndexes: '' }], undefined],
    ['', [{ succeededIndexes: '' }], undefined],
    ['1-3,5-7', [{ succeededIndexes: '10-12,14-16' }], undefined],
    ['2-4,6-8', [{ succeededIndexes: '1-3,5-7' }], undefined],
    ['2-4,6-8', [{ succeededIndexes: '1-3,5-7', succeededCount: 4 }], 0],
    ['1-3,5-7', [{ succeededIndexes: '2-4,6-9' }], undefined],
    ['1-3,5-7', [{ succeededIndexes: '2-4,6-9', succeededCount: 4 }], 0],
    ['1-3,7-8', [{ succeededIndexes: '0-4,6-9' }], undefined],
    ['1-3,7-8', [{ succeededIndexes: '0-4,6-9', succeededCount: 5 }], 0],
    ['1-3,5-9', [{ succeededIndexes: '0-6,8-9' }], undefined],
    ['1-3,5-9', [{ succeededIndexes: '0-6,8-9', succeededCount: 7 }], 0],
    ['1-5,7-9', [{ succeededIndexes: '0-5,7-9' }], undefined],
    ['1-5,7-9', [{ succeededIndexes: '0-5,7-9', succeededCount: 8 }], 0],
    ['1-9', [{ succeededIndexes: '0-3,6-9' }], undefined],
    ['1-9', [{ succeededIndexes: '0-3,6-9', succeededCount: 7 }], 0],
  ])('with %s done, %j: %s', (done, rules, expected) => {
    const found = matchSuccessPolicy(rules && { rules }, 10, parseIndexes(done, 10));
    expect(found).toBe(expected === undefined ? undefined : `Matched rules at index ${expected}`);
  });
});

describe('the end of a Job', () => {
  const restarted = (count: number, phase = 'Running') =>
    pod(phase, { status: { containerStatuses: [{ restartCount: count }] } });
  const onFailure = { template: { spec: { restartPolicy: 'OnFailure', containers: [] } } };
  const failedAt = (index: string, count = '0', status: object = {}) =>
    pod('Failed', { index, status, metadata: { annotations: { [failureCountAnnotation]: count } } });
  const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 };
  it.each<[string, object, object, () => Pod[], string | undefined]>([
    ['goes on', { backoffLimit: 1 }, {}, () => [pod('Failed')], undefined],
    ['one failure too many', { backoffLimit: 0 }, {}, () => [pod('Failed')], 'BackoffLimitExceeded'],
    [
      'with those counted before',
      { backoffLimit: 2 },
      { failed: 2 },
      () => [pod('Failed')],
      'BackoffLimitExceeded',
    ],
    [
      'Pods that are on their way out count',
      { backoffLimit: 0 },
      {},
      () => [pod('Running', { metadata: { deletionTimestamp: at(0) } })],
      'BackoffLimitExceeded',
    ],
    [
      'unless only failed ones are replaced',
      { backoffLimit: 0, podReplacementPolicy: 'Failed' },
      {},
      () => [pod('Running', { metadata: { deletionTimestamp: at(0) } })],
      undefined,
    ],
    ['restarts below the limit', { ...onFailure, backoffLimit: 2 }, {}, () => [restarted(1)], undefined],
    [
      'restarts at the limit',
      { ...onFailure, backoffLimit: 2 },
      {},
      () => [restarted(1), restarted(1, 'Pending')],
      'BackoffLimitExceeded',
    ],
    ['no limit and no restart', { ...onFailure, backoffLimit: 0 }, {}, () => [restarted(0)], undefined],
    [
      'no limit and one restart',
      { ...onFailure, backoffLimit: 0 },
      {},
      () => [restarted(1)],
      'BackoffLimitExceeded',
    ],
    ['restarts of Pods that are replaced', { backoffLimit: 1 }, {}, () => [restarted(9)], undefined],
    [
      'too long',
      { activeDeadlineSeconds: 10 },
      { startTime: at(15_000) },
      () => [pod('Running')],
      'DeadlineExceeded',
    ],
    [
      'too long to the moment',
      { activeDeadlineSeconds: 10 },
      { startTime: at(10_000) },
      () => [],
      'DeadlineExceeded',
    ],
    ['not too long', { activeDeadlineSeconds: 10 }, { startTime: at(9000) }, () => [], undefined],
    [
      'suspended',
      { activeDeadlineSeconds: 10, suspend: true },
      { startTime: at(15_000) },
      () => [],
      undefined,
    ],
    [
      'failures before time',
      { activeDeadlineSeconds: 1, backoffLimit: 0 },
      { startTime: at(10_000) },
      () => [pod('Failed')],
      'BackoffLimitExceeded',
    ],
    [
      'the policy before all',
      {
        backoffLimit: 0,
        podFailurePolicy: {
          rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
        },
      },
      {},
      () => [pod('Failed', { status: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } })],
      'PodFailurePolicy',
    ],
    [
      'an index may fail again',
      { ...indexed, backoffLimitPerIndex: 1 },
      {},
      () => [failedAt('0')],
      undefined,
    ],
    [
      'too many failed indexes',
      { ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 1 },
      {},
      () => [failedAt('0', '1'), failedAt('1', '1')],
      'MaxFailedIndexesExceeded',
    ],
    [
      'as many failed indexes as may',
      { ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 1 },
      {},
      () => [failedAt('0', '1')],
      undefined,
    ],
    [
      'all indexes are over',
      { ...indexed, backoffLimitPerIndex: 0 },
      { completedIndexes: '1,2' },
      () => [failedAt('0')],
      'FailedIndexes',
    ],
    [
      'a policy of success',
      { ...indexed, successPolicy: { rules: [{ succeededCount: 1 }] } },
      { completedIndexes: '1' },
      () => [],
      'SuccessPolicy',
    ],
    [
      'said before',
      {},
      { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'Said', message: 'so' }] },
      () => [],
      'Said',
    ],
    [
      'success said before',
      { backoffLimit: 0 },
      { conditions: [{ type: 'SuccessCriteriaMet', status: 'True', reason: 'SuccessPolicy' }] },
      () => [pod('Failed')],
      'SuccessPolicy',
    ],
  ])('%s', (_title, spec, status, pods, expected) => {
    expect(assess(job({ parallelism: 1, backoffLimit: 6, ...spec }, status), pods()).verdict?.reason).toBe(
      expected,
    );
  });
});
