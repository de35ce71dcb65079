import { describe, expect, it } from 'vitest';
import type { JobStatus, PodFailurePolicyRule } from '@drydock/api/batch/v1';
import { ago, indexed, one, pass, type MakePod, type PodFacts } from './sync.spec-support.ts';

// The facts of kube-controller-manager's own tables about whole passes over Jobs with policies, all features being on.

const longAgo = '1970-01-01T00:00:01Z';
const onCodes = (action: string, operator: string, values: number[], containerName?: string) =>
  ({
    action,
    onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) },
  }) as PodFailurePolicyRule;
const onCondition = (action: string, type: string) =>
  ({ action, onPodConditions: [{ type, status: 'True' }] }) as PodFailurePolicyRule;
const exits = (...codes: [name: string, code: number][]) => ({
  containerStatuses: codes.map(([name, exitCode]) => ({
    name,
    state: { terminated: { exitCode, finishedAt: longAgo } },
  })),
});
const having = (...types: string[]) => ({ conditions: types.map((type) => ({ type, status: 'True' })) });
const targeted = having('DisruptionTarget');
const lost = (status: object, facts: PodFacts = {}) => one('Failed', { ...facts, status });
const rules = [onCodes('Ignore', 'In', [1, 2, 3]), onCodes('FailJob', 'In', [5, 6, 7])];
const exitMessage = (container: string, pod: string, code: number, rule: number) =>
  `Container ${container} for pod default/${pod} failed with exit code ${code} matching FailJob rule at index ${rule}`;
const targetMessage = 'Pod default/mypod-0 has condition DisruptionTarget matching FailJob rule at index 0';
const already = (type: string, reason: string, message: string): JobStatus => ({
  conditions: [{ type, status: 'True', reason, message }],
});
const failedBy = (reason: string) => `FailureTarget:${reason} Failed:${reason}`;
const succeededBy = (reason: string) => `SuccessCriteriaMet:${reason} Complete:${reason}`;

describe('the failure policy', () => {
  const byPolicy = failedBy('PodFailurePolicy');
  type Row = [
    title: string,
    spec: { rules?: PodFailurePolicyRule[]; [field: string]: unknown },
    pods: MakePod[],
    counts: string,
    conditions?: string,
    message?: string,
    status?: JobStatus,
  ];
  const rows: Row[] = [
    [
      'another container',
      {
        rules: [onCodes('Ignore', 'In', [1, 2, 3], 'main'), onCodes('FailJob', 'In', [5, 6, 7], 'main')],
      },
      lost(exits(['monitoring', 5], ['main', 42])),
      '1/0/0 0+1',
    ],
    ['a Pod that runs', {}, one('Running', { status: exits(['main', 5]) }), '1/0/0 0+0'],
    [
      'fails the Job',
      {},
      lost(exits(['main', 5])),
      '0/0/0 0+1',
      byPolicy,
      exitMessage('main', 'mypod-0', 5, 1),
    ],
    [
      'has failed the Job',
      {},
      lost(exits(['main', 5])),
      '0/0/0 0+1',
      byPolicy,
      exitMessage('main', 'mypod-0', 5, 1),
      already('FailureTarget', 'PodFailurePolicy', exitMessage('main', 'mypod-0', 5, 1)),
    ],
    [
      'has failed the Job for a Pod that is gone',
      {},
      lost(exits(['main', 5])),
      '0/0/0 0+1',
      byPolicy,
      exitMessage('main', 'gone', 5, 1),
      already('FailureTarget', 'PodFailurePolicy', exitMessage('main', 'gone', 5, 1)),
    ],
    [
      'fails the Job while another Pod runs',
      { parallelism: 2, completions: 2 },
      [...one('Running'), ...lost(exits(['main', 5]))],
      '0/0/1 0+2',
      'FailureTarget:PodFailurePolicy',
      exitMessage('main', 'mypod-1', 5, 1),
    ],
    [
      'fails an indexed Job',
      { completionMode: 'Indexed' },
      lost(exits(['main', 5]), { index: '0' }),
      '0/0/0 0+1',
      byPolicy,
      exitMessage('main', 'mypod-0', 5, 1),
    ],
    [
      'fails the Job by a code that is not listed',
      { rules: [onCodes('FailJob', 'NotIn', [5, 6, 7])] },
      lost(exits(['main', 42])),
      '0/0/0 0+1',
      byPolicy,
      exitMessage('main', 'mypod-0', 42, 0),
    ],
    [
      'a code that is listed',
      { rules: [onCodes('FailJob', 'NotIn', [5, 6, 7])] },
      lost(exits(['main', 5])),
      '1/0/0 0+1',
    ],
    [
      'fails the Job by an init container',
      {},
      lost({ ...exits(['main', 143]), initContainerStatuses: exits(['init', 5]).containerStatuses }),
      '0/0/0 0+1',
      byPolicy,
      exitMessage('init', 'mypod-0', 5, 1),
    ],
    ['the first of two rules', { backoffLimit: 0 }, lost(exits(['one', 2], ['two', 6])), '1/0/0 0+0'],
    ['ignores a failure', { backoffLimit: 0 }, lost(exits(['main', 1])), '1/0/0 0+0'],
    [
      'has no rule for it',
      { backoffLimit: 0 },
      lost(exits(['main', 10])),
      '0/0/0 0+1',
      failedBy('BackoffLimitExceeded'),
      'Job has reached the specified backoff limit',
    ],
    [
      'counts by the first of two rules',
      { rules: [onCodes('Count', 'In', [1, 2]), onCodes('Ignore', 'In', [2, 3])] },
      lost(exits(['main', 2])),
      '1/0/0 0+1',
    ],
    [
      'counts by the first of two conditions',
      { rules: [onCondition('Count', 'ResourceLimitExceeded'), onCondition('Ignore', 'DisruptionTarget')] },
      lost({ ...having('ResourceLimitExceeded', 'DisruptionTarget') }),
      '1/0/0 0+1',
    ],
    [
      'ignores a failure by its condition',
      { backoffLimit: 0, rules: [onCondition('Ignore', 'DisruptionTarget')] },
      lost(targeted),
      '1/0/0 0+0',
    ],
    [
      'waits though it ignores the failure',
      { backoffLimit: 0, rules: [onCondition('Ignore', 'DisruptionTarget')] },
      lost({ ...targeted, containerStatuses: [] }, { going: true }),
      '0/0/0 0+0',
    ],
    [
      'fails the Job by a condition',
      { rules: [onCondition('FailJob', 'DisruptionTarget')] },
      lost(targeted),
      '0/0/0 0+1',
      byPolicy,
      targetMessage,
    ],
    [
      'knows no failure in what is on its way out',
      { completions: undefined, backoffLimit: 0, rules: [onCondition('Count', 'DisruptionTarget')] },
      one('', { going: true }),
      '0/0/1 0+0',
    ],
  ];
  it.each(rows)('%s', async (_title, { rules: given = rules, ...spec }, pods, counts, ...rest) => {
    const [conditions = '', message, status = {}] = rest;
    const podFailurePolicy = { rules: given };
    const more = { completions: 1, podReplacementPolicy: 'Failed', podFailurePolicy, ...spec };
    const outcome = await pass({ spec: more, status, pods });
    expect([outcome.counts, outcome.conditions]).toEqual([counts, conditions]);
    for (const found of outcome.messages) expect(found).toBe(message);
  });
});

describe('the success policy', () => {
  const met = { rules: [{ succeededIndexes: '0,1', succeededCount: 1 }] };
  const failJob = { podFailurePolicy: { rules: [onCondition('FailJob', 'DisruptionTarget')] } };
  const [criteria, over] = ['SuccessCriteriaMet:SuccessPolicy', succeededBy('SuccessPolicy')];
  const matched = 'Matched rules at index 0';
  const noted = already('SuccessCriteriaMet', 'SuccessPolicy', matched);
  const counted: JobStatus = { ...noted, succeeded: 1, completedIndexes: '1', uncountedTerminatedPods: {} };
  type Row = [
    title: string,
    completions: number,
    spec: object,
    pods: MakePod[],
    counts: string,
    conditions: string,
    message: string,
    status?: JobStatus,
  ];
  const rows: Row[] = [
    [
      'is met though an index failed',
      3,
      { successPolicy: met },
      indexed('0 Failed', '0 Running', '1 Succeeded', '2 Running'),
      '0/0/2 1+1 1',
      criteria,
      matched,
    ],
    [
      'is met, the failure policy not',
      2,
      { successPolicy: met, ...failJob },
      indexed('0 Failed', '0 Running', '1 Succeeded'),
      '0/0/1 1+1 1',
      criteria,
      matched,
    ],
    [
      'is met, the limit of an index not',
      2,
      { successPolicy: met, backoffLimitPerIndex: 2 },
      indexed('0 Failed', '0 Running', '1 Succeeded'),
      '0/0/1 1+1 1 failed:',
      criteria,
      matched,
    ],
    [
      'was met, and no Pod is left',
      2,
      { successPolicy: met, backoffLimitPerIndex: 2 },
      indexed('0 Failed', '1 Succeeded'),
      '0/0/0 1+1 1 failed:',
      over,
      matched,
      noted,
    ],
    [
      'was met, and some Pods run still',
      3,
      { successPolicy: met, backoffLimitPerIndex: 3 },
      indexed('0 Failed', '1 Running', '1 Succeeded', '2 Running'),
      '0/0/2 1+1 1 failed:',
      criteria,
      matched,
      noted,
    ],
    [
      'comes after the failure policy',
      2,
      { successPolicy: met, ...failJob },
      [...lost(targeted, { index: '0' }), ...indexed('0 Running', '1 Succeeded')],
      '0/0/1 1+2 1',
      'FailureTarget:PodFailurePolicy',
      targetMessage,
    ],
    [
      'comes after the limit of an index',
      2,
      { successPolicy: met, backoffLimitPerIndex: 1 },
      indexed('0 Failed 1', '1 Succeeded'),
      '0/0/0 1+1 1 failed:0',
      failedBy('FailedIndexes'),
      'Job has failed indexes',
    ],
    [
      'comes after the limit of the Job',
      2,
      { successPolicy: met, backoffLimit: 1 },
      indexed('0 Failed', '0 Failed', '1 Succeeded'),
      '0/0/0 1+2 1',
      failedBy('BackoffLimitExceeded'),
      'Job has reached the specified backoff limit',
    ],
    [
      'that was met is not undone by the failure policy',
      2,
      { successPolicy: { rules: [{ succeededCount: 1 }] }, ...failJob },
      [...lost(targeted, { index: '0' }), ...indexed('1 Succeeded')],
      '0/0/0 1+1 1',
      over,
      matched,
      counted,
    ],
    [
      'that was met is not undone by the limit of an index',
      2,
      { successPolicy: { rules: [{ succeededIndexes: '1' }] }, backoffLimitPerIndex: 1 },
      indexed('0 Failed 1', '1 Succeeded'),
      '0/0/0 1+1 1 failed:0',
      over,
      matched,
      counted,
    ],
    [
      'that was met is not undone by the limit of the Job',
      2,
      { successPolicy: met, backoffLimit: 1 },
      indexed('0 Failed', '1 Succeeded'),
      '0/0/0 1+1 1',
      over,
      matched,
      counted,
    ],
    [
      'does not undo a failure',
      2,
      { successPolicy: met, ...failJob },
      [...lost(targeted, { index: '0', free: true }), ...indexed('1 Succeeded')],
      '0/0/0 1+1 1',
      failedBy('PodFailurePolicy'),
      targetMessage,
      { ...already('FailureTarget', 'PodFailurePolicy', targetMessage), failed: 1, completedIndexes: '1' },
    ],
    [
      'is not needed where all is done',
      1,
      {},
      indexed('0 Succeeded'),
      '0/0/0 1+0 0',
      succeededBy('CompletionsReached'),
      'Reached expected number of succeeded pods',
    ],
  ];
  it.each(rows)('%s', async (_title, completions, spec, pods, counts, conditions, message, status = {}) => {
    const sizes = { completionMode: 'Indexed', completions, parallelism: completions };
    const outcome = await pass({ spec: { ...sizes, backoffLimit: 0x7fffffff, ...spec }, status, pods });
    expect([outcome.counts, outcome.conditions]).toEqual([counts, conditions]);
    for (const found of outcome.messages) expect(found).toBe(message);
    expect(outcome.status.completionTime).toBe(conditions.includes('Complete:') ? ago(0) : undefined);
  });
});

describe('the limit of an index', () => {
  const failing = (action: string) => ({ podFailurePolicy: { rules: [onCodes(action, 'In', [3])] } });
  const exit3 = lost(exits(['x', 3]), { index: '0', failures: '0' });
  it.each<[string, object, MakePod[], counts: string, conditions?: string, message?: string]>([
    [
      'is not reached',
      {},
      indexed('0 Failed 0', '0 Succeeded 1', '1 Succeeded 0'),
      '0/0/0 2+1 0,1 failed:',
      succeededBy('CompletionsReached'),
      'Reached expected number of succeeded pods',
    ],
    [
      'leaves a failure uncounted until its successor is seen',
      {},
      indexed('0 Failed 0'),
      '2/0/0 0+0 failed:',
    ],
    [
      'counts a failure whose successor is there',
      {},
      indexed('0 Failed 0', '0 Pending 1'),
      '2/0/0 0+1 failed:',
    ],
    ['ends one index, the Job goes on', {}, indexed('0 Failed 1'), '1/0/0 0+1 failed:0'],
    ['an index is ended by the failure policy', failing('FailIndex'), exit3, '1/0/0 0+1 failed:0'],
    [
      'the Job is ended by the failure policy',
      { ...failing('FailJob'), backoffLimit: 6 },
      exit3,
      '0/0/0 0+1 failed:',
      failedBy('PodFailurePolicy'),
      exitMessage('x', 'mypod-0', 3, 0),
    ],
    ['a failure is ignored', { ...failing('Ignore'), backoffLimit: 6 }, exit3, '2/0/0 0+0 failed:'],
    [
      'comes after the limit of the Job',
      { backoffLimit: 1 },
      indexed('0 Failed 0', '1 Failed 0'),
      '0/0/0 0+2 failed:',
      failedBy('BackoffLimitExceeded'),
      'Job has reached the specified backoff limit',
    ],
    [
      'ends the Job with its last index',
      {},
      indexed('0 Failed 1', '1 Succeeded 0'),
      '0/0/0 1+1 1 failed:0',
      failedBy('FailedIndexes'),
      'Job has failed indexes',
    ],
    [
      'ends the Job when too many have failed',
      { parallelism: 4, completions: 4, maxFailedIndexes: 1 },
      indexed('0 Failed 1', '1 Succeeded 0', '2 Failed 1', '3 Running 0'),
      '0/0/1 1+3 1 failed:0,2',
      'FailureTarget:MaxFailedIndexesExceeded',
      'Job has exceeded the specified maximal number of failed indexes',
    ],
  ])('%s', async (_title, spec, pods, counts, conditions = '', message = undefined) => {
    const sizes = { completionMode: 'Indexed', completions: 2, parallelism: 2 };
    const limits = { backoffLimit: 0x7fffffff, backoffLimitPerIndex: 1 };
    const outcome = await pass({ spec: { ...sizes, ...limits, ...spec }, pods });
    expect([outcome.counts, outcome.conditions]).toEqual([counts, conditions]);
    for (const found of outcome.messages) expect(found).toBe(message);
  });

  it('failed indexes are forgotten with the limit', async () => {
    const outcome = await pass({
      spec: { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimit: 0x7fffffff },
      status: { failedIndexes: '0', completedIndexes: '1' },
      pods: indexed('2 Pending 1'),
    });
    expect(outcome.counts).toBe('2/0/0 1+0 1');
  });
});
