import { describe, expect, it } from 'vitest';
import { Job, type JobStatus } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import { createStage, type Write } from '../shared/stage.spec-support.ts';
import { createJobController } from './index.ts';
import {
  ago,
  crowd,
  indexed,
  jobOf,
  nowMs,
  one,
  outcomeOf,
  pass,
  type MakePod,
  type Situation,
} from './sync.spec-support.ts';

// The facts of kube-controller-manager's own tables about whole passes over a Job, all features of Jobs being on.

const up = (count: number) => crowd(count, 'Running');
const done = (count: number) => crowd(count, 'Succeeded');
const lost = (count: number) => crowd(count, 'Failed');
const going = (count: number) => crowd(count, 'Running', { going: true });
const ready = (count: number) => crowd(count, 'Running', { ready: true });

const complete = 'SuccessCriteriaMet:CompletionsReached Complete:CompletionsReached';
const tooOften = 'FailureTarget:BackoffLimitExceeded';
const failedTooOften = `${tooOften} Failed:BackoffLimitExceeded`;
const indexedOf = (parallelism: number, completions: number, more: object = {}) => ({
  completionMode: 'Indexed',
  parallelism,
  completions,
  ...more,
});
const noted = (type: string, status = 'False', reason = 'ConditionAddedManually') => ({
  conditions: [{ type, status, reason, message: 'Testing' }],
});

type Row = [
  title: string,
  spec: object,
  pods: MakePod[],
  writes: string,
  counts: string,
  conditions?: string,
  more?: Omit<Situation, 'spec' | 'pods'>,
];
const rows: Row[] = [
  ['a start', { parallelism: 2, completions: 5 }, [], '+2 -0 ~0', '2/0/0 0+0'],
  ['a start of a work queue', { parallelism: 2 }, [], '+2 -0 ~0', '2/0/0 0+0'],
  ['Pods that wait', { parallelism: 2, completions: 5 }, crowd(2, 'Pending'), '+0 -0 ~0', '2/0/0 0+0'],
  ['enough', { parallelism: 3, completions: 5 }, [...ready(2), ...up(1)], '+0 -0 ~0', '3/2/0 0+0'],
  ['enough for a work queue', { parallelism: 2 }, up(2), '+0 -0 ~0', '2/0/0 0+0'],
  ['too few', { parallelism: 2, completions: 5 }, [...up(1), ...done(1)], '+1 -0 ~1', '2/0/0 1+0'],
  ['too few for a work queue', { parallelism: 2 }, up(1), '+1 -0 ~0', '2/0/0 0+0'],
  [
    'only the failed are replaced',
    { parallelism: 1, podReplacementPolicy: 'Failed' },
    [...up(1), ...lost(1), ...going(1)],
    '+0 -0 ~1',
    '1/0/1 0+1',
  ],
  [
    'no word on who is replaced',
    { parallelism: 1, completions: 1 },
    [...up(1), ...lost(1), ...going(1)],
    '+0 -0 ~2',
    '1/0/1 0+2',
  ],
  [
    'those on their way out are replaced too',
    { parallelism: 1, podReplacementPolicy: 'TerminatingOrFailed' },
    [...up(1), ...lost(1), ...going(1)],
    '+0 -0 ~2',
    '1/0/1 0+2',
  ],
  [
    'more on their way out than may be at work',
    { parallelism: 1, completions: 1, podReplacementPolicy: 'Failed' },
    [...up(2), ...going(4)],
    '+0 -1 ~1',
    '1/0/5 0+0',
  ],
  [
    'the same by a failure policy',
    { parallelism: 1, completions: 1, podFailurePolicy: { rules: [] } },
    [...up(2), ...going(4)],
    '+0 -1 ~1',
    '1/0/5 0+0',
  ],
  ['too many', { parallelism: 2, completions: 5 }, up(3), '+0 -1 ~1', '2/0/1 0+0'],
  ['too many that are ready', { parallelism: 2, completions: 5 }, ready(3), '+0 -1 ~1', '2/2/1 0+0'],
  [
    'a failure and a success',
    { parallelism: 2, completions: 5 },
    [...up(1), ...done(1), ...lost(1)],
    '+1 -0 ~2',
    '2/0/0 1+1',
  ],
  ['a failure', { parallelism: 2, completions: 5 }, [...up(1), ...lost(1)], '+1 -0 ~1', '2/0/0 0+1'],
  [
    'a failure that was counted',
    { parallelism: 1, completions: 1 },
    up(1),
    '+0 -0 ~0',
    '1/0/0 0+1',
    '',
    { status: { active: 1, failed: 1, startTime: ago(0) } },
  ],
  ['the end', { parallelism: 2, completions: 5 }, done(5), '+0 -0 ~5', '0/0/0 5+0', complete],
  ['the end of a work queue begins', { parallelism: 2 }, [...up(1), ...done(1)], '+0 -0 ~1', '1/0/0 1+0'],
  ['the end of a work queue', { parallelism: 2 }, done(2), '+0 -0 ~2', '0/0/0 2+0', complete],
  [
    'the end of a work queue with a failure',
    { parallelism: 2 },
    [...done(1), ...lost(1)],
    '+0 -0 ~2',
    '0/0/0 1+1',
    complete,
  ],
  ['far too many', { parallelism: 2, completions: 5 }, up(10), '+0 -8 ~8', '2/0/8 0+0'],
  [
    'more than is left to do',
    { parallelism: 3, completions: 4 },
    [...up(3), ...done(2)],
    '+0 -1 ~3',
    '2/0/1 2+0',
  ],
  ['half done', { parallelism: 2, completions: 5 }, [...up(2), ...done(2)], '+0 -0 ~2', '2/0/0 2+0'],
  [
    'deleted',
    { parallelism: 2, completions: 5 },
    [...crowd(1, 'Pending'), ...up(1), ...done(1)],
    '+0 -0 ~3',
    '2/0/0 1+0',
    '',
    { deleting: true },
  ],
  [
    'too many failures, deleted',
    { parallelism: 2, completions: 5, backoffLimit: 0 },
    lost(1),
    '+0 -0 ~1',
    '0/0/0 0+1',
    failedTooOften,
    { deleting: true },
  ],
  [
    'too many failures of what was ready',
    { parallelism: 2, completions: 3, backoffLimit: 0 },
    [...ready(2), ...lost(1)],
    '+0 -2 ~3',
    '0/0/2 0+3',
    tooOften,
  ],
  [
    'suspended',
    { suspend: true, parallelism: 2, completions: 4 },
    up(2),
    '+0 -2 ~2',
    '0/0/2 0+0',
    'Suspended:JobSuspended',
  ],
  [
    'suspended when ready',
    { suspend: true, parallelism: 2, completions: 4 },
    ready(2),
    '+0 -2 ~2',
    '0/0/2 0+0',
    'Suspended:JobSuspended',
  ],
  [
    'resumed',
    { suspend: false, parallelism: 2, completions: 4 },
    [],
    '+2 -0 ~0',
    '2/0/0 0+0',
    'Suspended=False:JobResumed',
    { status: noted('Suspended', 'True', 'JobSuspended') },
  ],
  [
    'suspended when it is deleted',
    { suspend: true, parallelism: 2, completions: 4 },
    up(2),
    '+0 -0 ~2',
    '2/0/0 0+0',
    '',
    { deleting: true },
  ],
  [
    'a failure that somebody denied',
    { parallelism: 1, completions: 1, backoffLimit: 0 },
    ready(1),
    '+0 -0 ~0',
    '1/1/0 0+0',
    'FailureTarget=False:ConditionAddedManually',
    { status: { active: 1, startTime: ago(0), ...noted('FailureTarget') } },
  ],
  [
    'a success that somebody denied',
    { parallelism: 1, completions: 1, backoffLimit: 0 },
    ready(1),
    '+0 -0 ~0',
    '1/1/0 0+0',
    'SuccessCriteriaMet=False:ConditionAddedManually',
    { status: { active: 1, startTime: ago(0), ...noted('SuccessCriteriaMet') } },
  ],
  [
    'an indexed end',
    indexedOf(2, 3),
    indexed('0 Succeeded', '1 Failed', '1 Succeeded', '2 Succeeded'),
    '+0 -0 ~4',
    '0/0/0 3+1 0-2',
    complete,
  ],
  [
    'an indexed failure',
    indexedOf(2, 3, { backoffLimit: 0 }),
    indexed('0 Succeeded', '1 Failed', '2 Running'),
    '+0 -1 ~3',
    '0/0/1 1+2 0',
    tooOften,
  ],
  [
    'Pods with no index of use',
    indexedOf(2, 5),
    [
      ...up(1),
      ...done(1),
      ...lost(1),
      ...indexed('invalid Running', 'invalid Succeeded', 'invalid Failed', 'invalid Pending'),
      ...indexed('0 Succeeded', '1 Running', '2 Running'),
    ],
    '+0 -3 ~8',
    '2/0/3 1+0 0',
  ],
  [
    'an index that two have',
    indexedOf(5, 5),
    [
      ...done(1),
      ...lost(1),
      ...indexed('invalid Running', '0 Succeeded', '1 Running', '2 Running', '2 Pending'),
    ],
    '+0 -2 ~5',
    '2/0/2 1+0 0',
  ],
  [
    'indexes beyond',
    indexedOf(2, 5),
    indexed('0 Succeeded', '5 Running', '6 Succeeded', '7 Pending', '8 Failed'),
    '+0 -2 ~5',
    '0/0/2 1+0 0',
  ],
];

describe('one pass', () => {
  it.each(rows)('%s', async (_title, spec, pods, writes, counts, conditions = '', more = {}) => {
    const outcome = await pass({ spec, pods, ...more });
    expect([outcome.pods, outcome.counts, outcome.conditions]).toEqual([writes, counts, conditions]);
    expect(outcome.stage.errors).toEqual([]);
    const suspended = (spec as { suspend?: boolean }).suspend === true;
    expect(outcome.status.startTime).toBe(suspended ? undefined : '2026-03-01T00:00:00Z');
    expect(outcome.status.completionTime !== undefined).toBe(conditions === complete);
  });

  it.each<[string, object, MakePod[], number[], writes: string, counts: string]>([
    ['a start', indexedOf(2, 5), [], [0, 1], '+2 -0 ~0', '2/0/0 0+0'],
    [
      'one on its way out that is waited for',
      indexedOf(2, 5, { podReplacementPolicy: 'Failed' }),
      going(1),
      [0],
      '+1 -0 ~0',
      '1/0/1 0+0',
    ],
    [
      'one on its way out that is replaced',
      indexedOf(2, 5, { podReplacementPolicy: 'TerminatingOrFailed' }),
      going(1),
      [0, 1],
      '+2 -0 ~1',
      '2/0/1 0+0',
    ],
    [
      'an index that two completed',
      indexedOf(2, 3),
      indexed('0 Succeeded', '1 Succeeded', '1 Succeeded'),
      [2],
      '+1 -0 ~3',
      '1/0/0 2+0 0,1',
    ],
    [
      'those at work and those done',
      indexedOf(8, 20),
      indexed(
        '0 Running',
        '2 Succeeded',
        '3 Pending',
        '4 Succeeded',
        '5 Succeeded',
        '7 Succeeded',
        '8 Succeeded',
        '9 Succeeded',
      ),
      [1, 6, 10, 11, 12, 13],
      '+6 -0 ~6',
      '8/0/0 6+0 2,4,5,7-9',
    ],
    [
      'failures',
      indexedOf(3, 4),
      indexed('0 Failed', '1 Pending', '2 Failed'),
      [0, 2],
      '+2 -0 ~2',
      '3/0/0 0+2',
    ],
  ])('makes the Pods that are lacking: %s', async (_title, spec, pods, indexes, writes, counts) => {
    const outcome = await pass({ spec, pods });
    expect([outcome.indexes, outcome.pods, outcome.counts]).toEqual([indexes, writes, counts]);
    for (const { verb, body } of outcome.stage.writes.filter(({ resource }) => resource === 'pods')) {
      if (verb !== 'create') continue;
      const { metadata, spec: made } = body as Pod;
      const index = metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
      expect(metadata.labels?.['batch.kubernetes.io/job-completion-index']).toBe(index);
      expect([metadata.generateName, made?.hostname]).toEqual([`foobar-${index}-`, `foobar-${index}`]);
      const fieldPath = "metadata.labels['batch.kubernetes.io/job-completion-index']";
      expect(made?.containers[0]?.env).toEqual([
        { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } },
      ]);
      expect(metadata.ownerReferences).toEqual([
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          name: 'foobar',
          uid: 'job',
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    }
  });

  it('makes Pods without index with nothing of an index', async () => {
    const { stage } = await pass({ spec: { completions: 1 } });
    const made = stage.writes.find(({ verb }) => verb === 'create')?.body as Pod;
    expect(made.metadata.generateName).toBe('foobar-');
    expect(made.spec?.hostname).toBeUndefined();
  });
});

describe('the deadline', () => {
  const late = 'FailureTarget:DeadlineExceeded';
  const spec = { completions: 1, activeDeadlineSeconds: 10 };
  it.each<[string, object, number, MakePod[], writes: string, counts: string, conditions: string]>([
    ['of one Pod', spec, 15, up(1), '+0 -1 ~1', '0/0/1 0+1', late],
    [
      'of the second Pod',
      { ...spec, completions: 2 },
      15,
      [...up(1), ...done(1)],
      '+0 -1 ~2',
      '0/0/1 1+1',
      late,
    ],
    ['to the moment, with no Pod', spec, 10, [], '+0 -0 ~0', '0/0/0 0+0', `${late} Failed:DeadlineExceeded`],
    [
      'and too many failures',
      { ...spec, activeDeadlineSeconds: 1, backoffLimit: 0 },
      10,
      lost(1),
      '+0 -0 ~1',
      '0/0/0 0+1',
      failedTooOften,
    ],
    [
      'does not run while suspended',
      { ...spec, completions: 2, suspend: true },
      15,
      [],
      '+0 -0 ~0',
      '0/0/0 0+0',
      'Suspended:JobSuspended',
    ],
  ])('%s', async (_title, given, sinceSeconds, pods, writes, counts, conditions) => {
    const outcome = await pass({ spec: given, status: { startTime: ago(sinceSeconds) }, pods });
    expect([outcome.pods, outcome.counts, outcome.conditions]).toEqual([writes, counts, conditions]);
    expect(outcome.status.startTime).toBe(ago(sinceSeconds));
    if (conditions.startsWith(late))
      expect(outcome.messages[0]).toBe('Job was active longer than specified deadline');
  });

  it.each([undefined, ago(0)])('ends a Job that began at %s, not before', async (startTime) => {
    const stage = createStage({ startMs: nowMs });
    const given = { completions: 1, activeDeadlineSeconds: 1, podReplacementPolicy: 'Failed' };
    stage.put(Job, jobOf(given, startTime === undefined ? {} : { startTime }));
    await stage.play(createJobController);
    // What was written shows, and the Pod.
    const { status } = outcomeOf(stage, {});
    const made = stage.writes.find(({ verb }) => verb === 'create')?.body as Pod;
    stage.put(Pod, {
      ...made,
      metadata: { ...made.metadata, name: 'p', uid: 'p' },
      status: { phase: 'Running' },
    });
    stage.put(Job, jobOf(given, status));
    await stage.clock.advance(999);
    await stage.settle();
    expect(outcomeOf(stage, {}).conditions).toBe('');
    await stage.clock.advance(1);
    await stage.settle();
    expect(outcomeOf(stage, {}).conditions).toBe(late);
    await stage.stop();
  });

  it('turns the condition that denied it', async () => {
    const outcome = await pass({
      spec,
      status: { startTime: ago(15), ...noted('Failed', 'False', 'DeadlineExceeded') },
    });
    expect(outcome.conditions).toBe('Failed:DeadlineExceeded FailureTarget:DeadlineExceeded');
  });
});

describe('the back-off limit', () => {
  const restarted = (phase: string, ...counts: number[]) =>
    counts.flatMap((restartCount) => one(phase, { status: { containerStatuses: [{ restartCount }] } }));
  it.each<[string, object, MakePod[], counts: string, conditions: string]>([
    ['0, no restart', { completions: 1, backoffLimit: 0 }, restarted('Running', 0), '1/0/0 0+0', ''],
    ['1, no restart', { completions: 1, backoffLimit: 1 }, restarted('Running', 0), '1/0/0 0+0', ''],
    ['1, one restart', { completions: 1, backoffLimit: 1 }, restarted('Running', 1), '0/0/1 0+1', tooOften],
    [
      '1, one restart while it waits',
      { completions: 1, backoffLimit: 1 },
      restarted('Pending', 1),
      '0/0/1 0+1',
      tooOften,
    ],
    ['2, one Pod', { completions: 5, backoffLimit: 2 }, restarted('Running', 2), '0/0/1 0+1', tooOften],
    [
      '2, one Pod that waits',
      { completions: 5, backoffLimit: 2 },
      restarted('Pending', 2),
      '0/0/1 0+1',
      tooOften,
    ],
    [
      '2, two Pods',
      { parallelism: 2, completions: 5, backoffLimit: 2 },
      restarted('Running', 1, 1),
      '0/0/2 0+2',
      tooOften,
    ],
    [
      '2, two Pods that wait',
      { parallelism: 2, completions: 5, backoffLimit: 2 },
      restarted('Pending', 1, 1),
      '0/0/2 0+2',
      tooOften,
    ],
    [
      '3, too few restarts',
      { parallelism: 2, completions: 5, backoffLimit: 3 },
      restarted('Running', 1, 1),
      '2/0/0 0+0',
      '',
    ],
    [
      'of a suspended Job',
      { suspend: true, parallelism: 2, completions: 4 },
      restarted('Running', 1, 1),
      '0/0/2 0+0',
      'Suspended:JobSuspended',
    ],
    [
      'of a Job that is over though it is suspended',
      { suspend: true, parallelism: 2, completions: 4 },
      restarted('Succeeded', 1, 1, 2, 0),
      '0/0/0 4+0',
      complete,
    ],
  ])('for restarts: %s', async (_title, spec, pods, counts, conditions) => {
    const template = {
      metadata: { labels: { foo: 'bar' } },
      spec: { restartPolicy: 'OnFailure', containers: [] },
    };
    const outcome = await pass({ spec: { template, ...spec }, pods });
    expect([outcome.counts, outcome.conditions]).toEqual([counts, conditions]);
    if (conditions === tooOften)
      expect(outcome.messages).toEqual(['Job has reached the specified backoff limit']);
    if (conditions === complete)
      expect(outcome.messages).toEqual(Array(2).fill('Reached expected number of succeeded pods'));
  });

  it.each<[string, object, MakePod[], counts: string, conditions: string]>([
    ['0, none', { completions: 1, backoffLimit: 0 }, up(1), '1/0/0 0+0', ''],
    ['1, one', { completions: 1, backoffLimit: 1 }, lost(1), '1/0/0 0+1', ''],
    ['1, two', { completions: 1, backoffLimit: 1 }, lost(2), '0/0/0 0+2', failedTooOften],
    ['6, six', { parallelism: 2, completions: 2 }, [...lost(6), ...up(1)], '2/0/0 0+6', ''],
    ['6, seven', { parallelism: 2, completions: 2 }, lost(7), '0/0/0 0+7', failedTooOften],
  ])('for failures: %s', async (_title, spec, pods, counts, conditions) => {
    const outcome = await pass({ spec, pods });
    expect([outcome.counts, outcome.conditions]).toEqual([counts, conditions]);
  });
});

describe('who is passed over', () => {
  it.each<[string, object, JobStatus]>([
    ['one that is over', { completions: 1 }, noted('Complete', 'True', '')],
    ['one that failed', { completions: 1 }, noted('Failed', 'True', '')],
    ['one of somebody else', { completions: 2, managedBy: 'custom/managed-by' }, { active: 1, ready: 1 }],
  ])('%s', async (_title, spec, status) => {
    const { stage } = await pass({ spec, status });
    expect(stage.told()).toEqual([]);
  });

  it('one of ours is not', async () => {
    const outcome = await pass({
      spec: { parallelism: 2, completions: 2, managedBy: 'kubernetes.io/job-controller' },
      status: { active: 1, ready: 1, startTime: ago(0) },
    });
    expect(outcome.status).toEqual({
      active: 2,
      ready: 0,
      terminating: 0,
      startTime: ago(0),
      uncountedTerminatedPods: {},
    });
  });

  it('one whose mode nobody knows is told', async () => {
    const { stage } = await pass({ spec: { completions: 1, completionMode: 'Odd' } });
    expect(stage.told()).toEqual([]);
    expect(stage.events).toEqual([
      'Warning UnknownCompletionMode Skipped Job sync because completion mode is unknown',
    ]);
  });
});

describe('when Pods cannot be written', () => {
  const refuse = ({ resource }: Write) => (resource === 'pods' ? new Error('fake error') : undefined);
  it.each<[string, MakePod[], writes: string, counts: string]>([
    ['too few', [...up(1), ...done(1)], '+1 -0 ~1', '1/0/0 0+0 open:uid-1'],
    ['too many', up(3), '+0 -0 ~1', '3/0/0 0+0'],
    ['a failure', [...up(1), ...lost(1)], '+1 -0 ~1', '1/0/0 0+0 open:uid-1'],
  ])('%s: nothing is counted', async (_title, pods, writes, counts) => {
    const outcome = await pass({ spec: { parallelism: 2, completions: 5 }, pods, refuse });
    expect([outcome.pods, outcome.counts]).toEqual([writes, counts]);
    expect(outcome.stage.errors[0]).toContain('fake error');
  });

  it('no more are tried than a quota lets through, twice over', async () => {
    let made = 0;
    const outcome = await pass({
      spec: { parallelism: 100, completions: 200 },
      refuse: ({ verb }) => (verb === 'create' && ++made > 10 ? new Error('quota') : undefined),
    });
    expect(outcome.counts).toBe('10/0/0 0+0');
    expect(made).toBe(15);
    expect(outcome.stage.errors[0]).toContain('quota');
  });

  it('an indexed Job is not over before its Pods are let go', async () => {
    const outcome = await pass({
      spec: indexedOf(1, 1),
      pods: indexed('0 Succeeded'),
      refuse: ({ verb }) => (verb === 'patch' ? new Error('fake error') : undefined),
    });
    expect([outcome.counts, outcome.conditions]).toEqual([
      '0/0/0 1+0 0',
      'SuccessCriteriaMet:CompletionsReached',
    ]);
  });

  it('what did go through is counted', async () => {
    const outcome = await pass({
      spec: { parallelism: 2, completions: 5 },
      status: { uncountedTerminatedPods: { succeeded: ['a'], failed: ['b'] } },
      pods: [
        ...one('Succeeded', { uid: 'a', free: true }),
        ...one('Succeeded', { uid: 'c' }),
        ...one('Failed', { uid: 'd' }),
        ...up(2),
      ],
      refuse: ({ verb, name }) =>
        verb === 'patch' && name === 'mypod-1' ? new Error('fake error') : undefined,
    });
    expect(outcome.counts).toBe('2/0/0 1+2 open:c');
  });

  it('the back-off of a failure is kept though its finalizer could not be removed', async () => {
    const stage = createStage({
      startMs: nowMs,
      refuse: ({ verb }) => (verb === 'patch' ? new Error('fake error') : undefined),
    });
    stage.put(Job, jobOf({ completions: 1 }));
    const ended = { containerStatuses: [{ state: { terminated: { finishedAt: ago(0) } } }] };
    stage.put(Pod, one('Failed', { status: ended })[0]?.(0) as Pod);
    await stage.play(createJobController);
    const status = outcomeOf(stage, {}).status;
    expect(status.uncountedTerminatedPods).toEqual({ failed: ['uid-0'] });
    stage.put(Job, jobOf({ completions: 1 }, status));
    await stage.settle();
    await stage.clock.advance(5000);
    await stage.settle();
    expect(outcomeOf(stage, {}).pods).toMatch(/^\+0 /);
    await stage.clock.advance(6000);
    await stage.settle();
    expect(outcomeOf(stage, {}).pods).toMatch(/^\+1 /);
    await stage.stop();
  });

  it('a status that could not be written lets no Pod go', async () => {
    const outcome = await pass({
      spec: { parallelism: 2, completions: 5 },
      pods: [...one('Succeeded', { uid: 'a' }), ...one('Failed', { uid: 'b' }), ...up(2)],
      refuse: ({ subresource }) => (subresource === 'status' ? new Error('fake error') : undefined),
    });
    expect([outcome.pods, outcome.counts]).toEqual(['+0 -0 ~0', '2/0/0 0+0 open:a,b']);
    expect(outcome.stage.errors[0]).toContain('fake error');
  });
});

describe('while Pods are awaited', () => {
  /** A first pass that makes (or deletes) a Pod which never shows, then another over what the caches show then. */
  async function second(
    first: { spec: object; pods: MakePod[] },
    then: { spec: object; pods: MakePod[]; deleting?: boolean },
  ) {
    const stage = createStage({ startMs: nowMs });
    stage.put(Job, jobOf(first.spec));
    first.pods.forEach((make, serial) => stage.put(Pod, make(serial)));
    await stage.play(createJobController);
    const from = stage.writes.length;
    expect(from).toBeGreaterThan(1);
    then.pods.forEach((make, serial) => stage.put(Pod, make(serial + 50)));
    stage.put(
      Job,
      jobOf(then.spec, { startTime: ago(0) }, then.deleting ? { deletionTimestamp: ago(0) } : {}),
    );
    await stage.settle();
    const outcome = outcomeOf(stage, {}, from);
    await stage.stop();
    return outcome;
  }

  it('a Job fails only when they have come', async () => {
    const spec = { parallelism: 2, completions: 5, backoffLimit: 0 };
    const outcome = await second({ spec, pods: [] }, { spec, pods: lost(1), deleting: true });
    expect([outcome.pods, outcome.counts, outcome.conditions]).toEqual(['+0 -0 ~1', '0/0/0 0+1', '']);
  });

  it.each<[string, MakePod[], string]>([
    ['not ready', up(3), '3/0/0 0+0'],
    ['ready', ready(3), '3/3/0 0+0'],
  ])('a Job is suspended only when they have gone, %s', async (_title, pods, counts) => {
    const spec = { parallelism: 2, completions: 4 };
    const outcome = await second({ spec, pods }, { spec: { ...spec, suspend: true }, pods: [] });
    expect(outcome.pods).toBe('+0 -0 ~0');
    expect(outcome.conditions).toBe('');
    expect(outcome.counts).toBe(counts);
  });
});
