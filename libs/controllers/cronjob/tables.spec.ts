import { afterEach, describe, expect, it } from 'vitest';
import { CronJob, Job } from '@drydock/api/batch/v1';
import { formatTime } from '@drydock/base/apimachinery';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createCronJobController } from './index.ts';
import { jobName, jobOf, jobsBeyondHistory } from './jobs.ts';

// The facts of kube-controller-manager's own tables about CronJobs: hourly ones, looked at before the hour, just after it, and a
// week later.

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const [second, minute] = [1000, 60_000];
const hour = 60 * minute;
const week = 7 * 24 * hour;
const [short, medium, long] = [10, 2 * 60 * 60, 1_000_000];
const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } };

interface Row {
  readonly policy?: 'Allow' | 'Forbid' | 'Replace';
  readonly suspend?: boolean;
  readonly deadline?: number;
  /** What became of the Job of the last hour. */
  readonly before?: 'done' | 'active';
  /** When it is looked at, after the hour. */
  readonly at: number;
  readonly created: boolean;
  readonly deleted?: boolean;
  /** Jobs in the status. */
  readonly active: number;
  readonly warns?: boolean;
}
const every = <T extends Omit<Row, 'policy'>>(row: T) =>
  (['Allow', 'Forbid', 'Replace'] as const).map((policy): Row => ({ ...row, policy }));
const [early, due] = [-minute, minute];

describe('a start', () => {
  it.each<Row>([
    ...every({ at: early, created: false, active: 0 }),
    ...every({ at: due, created: true, active: 1 }),
    { at: due, suspend: true, created: false, active: 0 },
    { at: due, deadline: short, created: false, active: 0 },
    { at: due, deadline: long, created: true, active: 1 },
    ...every({ before: 'done', at: early, created: false, active: 0 }),
    ...every({ before: 'done', at: due, created: true, active: 1 }),
    { before: 'done', at: due, suspend: true, created: false, active: 0 },
    { before: 'done', at: due, deadline: short, created: false, active: 0 },
    { before: 'done', at: due, deadline: long, created: true, active: 1 },
    ...every({ before: 'active', at: early, created: false, active: 1 }),
    { policy: 'Allow', before: 'active', at: due, created: true, active: 2 },
    { policy: 'Forbid', before: 'active', at: due, created: false, active: 1 },
    { policy: 'Replace', before: 'active', at: due, created: true, deleted: true, active: 1 },
    { before: 'active', at: due, suspend: true, created: false, active: 1 },
    { before: 'active', at: due, deadline: short, created: false, active: 1 },
    { before: 'active', at: due, deadline: long, created: true, active: 2 },
    ...every({ before: 'done', at: week + due, created: true, active: 1, warns: true }),
    ...every({ before: 'done', at: week + due, deadline: long, created: true, active: 1, warns: true }),
    ...every({ before: 'done', at: week + due, deadline: medium, created: true, active: 1 }),
    ...every({ before: 'done', at: week + due, deadline: 5 * 60, created: true, active: 1 }),
    ...every({ before: 'done', at: week + due, deadline: short, created: false, active: 0 }),
  ])(
    '%j',
    async ({
      policy = 'Allow',
      suspend = false,
      deadline,
      before,
      at,
      created,
      deleted = false,
      active,
      warns = false,
    }) => {
      cluster = await startCluster();
      await cluster.clock.advance(minute);
      const cronJobs = cluster.client.resource(CronJob).namespace('default');
      const jobs = cluster.client.resource(Job).namespace('default');
      const cronJob = await cronJobs.create({
        metadata: { name: 'tick', namespace: 'default' },
        spec: {
          schedule: '0 * * * *',
          concurrencyPolicy: policy,
          suspend,
          jobTemplate: { spec },
          ...(deadline === undefined ? {} : { startingDeadlineSeconds: deadline }),
        },
      });
      if (before !== undefined) {
        const scheduledMs = cluster.clock.now() - minute;
        const made = await jobs.create(jobOf(cronJob, scheduledMs));
        const { uid = '' } = made.metadata;
        const reference = {
          kind: 'Job',
          apiVersion: 'batch/v1',
          name: made.metadata.name ?? '',
          namespace: 'default',
          uid,
        };
        await cronJobs.updateStatus({
          ...cronJob,
          status: { active: [reference], lastScheduleTime: formatTime(scheduledMs) },
        });
        if (before === 'done') {
          const now = formatTime(cluster.clock.now());
          const conditions = [
            { type: 'SuccessCriteriaMet', status: 'True' },
            { type: 'Complete', status: 'True' },
          ];
          await jobs.updateStatus({
            ...made,
            status: { startTime: now, completionTime: now, conditions },
          } as Job);
        }
      }
      const earlier = (await cluster.list(Job)).map(({ metadata }) => metadata.name);
      await cluster.clock.advance(hour - minute + at);
      cluster.run(createCronJobController);
      await cluster.settle();
      const now = (await cluster.list(Job))
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.name);
      expect(now.filter((name) => !earlier.includes(name))).toHaveLength(created ? 1 : 0);
      expect(earlier.filter((name) => !now.includes(name))).toHaveLength(deleted ? 1 : 0);
      expect((await cronJobs.get('tick')).status?.active ?? []).toHaveLength(active);
      const warnings = (await cluster.events('tick')).filter((event) => event.startsWith('Warning'));
      expect(warnings.map((event) => event.split(' ')[1])).toEqual(warns ? ['TooManyMissedTimes'] : []);
      expect(cluster.counted).toEqual(
        created ? { cronjob_controller_job_creation_skew_duration_seconds: 1 } : {},
      );
      expect(cluster.errors).toEqual([]);
    },
  );
});

describe('caches that are behind', () => {
  const top = Date.parse('2016-05-19T10:00:00Z');
  const cronJobOf = (concurrencyPolicy: string, active: object[]): CronJob =>
    ({
      metadata: {
        name: 'tick',
        namespace: 'default',
        uid: 'tick',
        creationTimestamp: formatTime(top - 61 * minute),
      },
      spec: {
        schedule: '0 * * * ?',
        concurrencyPolicy,
        startingDeadlineSeconds: long,
        jobTemplate: { spec },
      },
      status: { lastScheduleTime: formatTime(top - 59 * minute), active },
    }) as CronJob;
  const started = (cronJob: CronJob, dueMs: number, status: object = {}): Job => {
    const made = jobOf(cronJob, dueMs);
    return { ...made, metadata: { ...made.metadata, uid: '1234' }, status };
  };
  const referenceTo = ({ metadata }: Job) => ({
    kind: 'Job',
    apiVersion: 'batch/v1',
    name: metadata.name,
    namespace: 'default',
    uid: metadata.uid,
  });
  async function looked(stage: Stage) {
    await stage.play(createCronJobController);
    const statuses = stage.writes.filter(({ resource }) => resource === 'cronjobs');
    const { status } = (statuses.at(-1)?.body as CronJob | undefined) ?? {};
    const jobs = stage.told().filter((one) => one.includes(' jobs '));
    await stage.stop();
    return { jobs, status, events: stage.events };
  }

  it.each(['Allow', 'Forbid', 'Replace'])('%s: the Job that began is not in the cache', async (policy) => {
    const stage = createStage({ startMs: top + minute });
    const job = started(cronJobOf(policy, []), top + 100);
    stage.put(CronJob, cronJobOf(policy, [referenceTo(job)]));
    stage.live(Job, job.metadata.name ?? '', job);
    const { jobs, status, events } = await looked(stage);
    // Nothing is written: it is in the list already.
    expect([jobs, status, events]).toEqual([[], undefined, []]);
  });

  it.each(['Allow', 'Forbid', 'Replace'])('%s: the Job that began is not in the list', async (policy) => {
    const stage = createStage({ startMs: top + minute });
    const job = started(cronJobOf(policy, []), top + 100);
    stage.put(CronJob, cronJobOf(policy, []));
    stage.put(Job, job);
    const { jobs, status, events } = await looked(stage);
    expect([jobs, events]).toEqual([[], []]);
    expect(status?.active).toMatchObject([{ name: job.metadata.name, uid: '1234' }]);
    expect(status?.lastScheduleTime).toBe(formatTime(top));
  });

  it('the clock went back: what is over is over', async () => {
    const stage = createStage({ startMs: top - minute });
    const cronJob = cronJobOf('Forbid', []);
    const conditions = [{ type: 'Complete', status: 'True' }];
    const completionTime = formatTime(top + minute);
    stage.put(CronJob, cronJob);
    stage.put(Job, started(cronJob, top + minute, { completionTime, conditions }));
    const { jobs, status, events } = await looked(stage);
    expect([jobs, events]).toEqual([[], []]);
    expect(status?.lastSuccessfulTime).toBe(completionTime);
    expect(status?.active).toBeUndefined();
  });

  it('a Job that is nowhere is struck', async () => {
    const stage = createStage({ startMs: top - minute });
    const job = started(cronJobOf('Allow', []), top - hour);
    stage.put(CronJob, cronJobOf('Allow', [referenceTo(job)]));
    const { status, events } = await looked(stage);
    expect(events).toEqual([`Normal MissingJob Active job went missing: ${job.metadata.name}`]);
    expect(status?.active).toBeUndefined();
  });

  it.each([
    ['obvious error schedule', 'UnparseableSchedule'],
    ['59 23 31 2 *', 'InvalidSchedule'],
  ])('the schedule %s is told', async (schedule, reason) => {
    const stage = createStage({ startMs: top - minute });
    const cronJob = cronJobOf('Allow', []);
    stage.put(CronJob, { ...cronJob, spec: { ...cronJob.spec, schedule } } as CronJob);
    const { jobs, events } = await looked(stage);
    expect(jobs).toEqual([]);
    expect(events.map((event) => event.split(' ').slice(0, 2).join(' '))).toEqual([`Warning ${reason}`]);
  });
});

describe('the Job of a start', () => {
  it('is named after its minute, and is what the template says', () => {
    const atMs = Date.parse('2026-03-01T10:30:45Z');
    const cronJob: CronJob = {
      metadata: { name: 'tick', namespace: 'ns', uid: 'u' },
      spec: {
        schedule: '* * * * *',
        timeZone: 'Europe/Berlin',
        jobTemplate: { metadata: { labels: { a: 'b' }, annotations: { x: 'y' } }, spec },
      },
    };
    expect(jobName(cronJob, atMs)).toBe(`tick-${Date.parse('2026-03-01T10:30:00Z') / minute}`);
    expect(jobOf(cronJob, atMs)).toMatchObject({
      metadata: {
        namespace: 'ns',
        labels: { a: 'b' },
        annotations: {
          x: 'y',
          'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-03-01T11:30:45+01:00',
        },
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'CronJob',
            name: 'tick',
            uid: 'u',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec,
    });
  });
});

describe('the history', () => {
  const job = (name: string, end: 'Complete' | 'Failed' | undefined, startedSecond?: number): Job =>
    ({
      metadata: { name },
      status: {
        ...(startedSecond === undefined ? {} : { startTime: formatTime(startedSecond * second) }),
        conditions: end === undefined ? [] : [{ type: end, status: 'True' }],
      },
    }) as Job;
  const all = [
    job('s3', 'Complete', 30),
    job('f1', 'Failed', 10),
    job('s1', 'Complete', 10),
    job('active', undefined, 5),
    job('s2', 'Complete', 20),
    job('f2', 'Failed', 20),
    job('b-never', 'Complete'),
    job('a-same', 'Complete', 30),
  ];
  it.each<[successes: number | undefined, failures: number | undefined, string[]]>([
    [3, 1, ['s1', 's2', 'f1']],
    [undefined, undefined, []],
    [1, undefined, ['s1', 's2', 'a-same', 's3']],
    [undefined, 1, ['f1']],
    [0, 0, ['s1', 's2', 'a-same', 's3', 'b-never', 'f1', 'f2']],
    [9, 9, []],
    [4, 2, ['s1']],
  ])(
    'of %s successes and %s failures lacks %j',
    (successfulJobsHistoryLimit, failedJobsHistoryLimit, expected) => {
      const limits = {
        ...(successfulJobsHistoryLimit === undefined ? {} : { successfulJobsHistoryLimit }),
        ...(failedJobsHistoryLimit === undefined ? {} : { failedJobsHistoryLimit }),
      };
      const cronJob = { metadata: { name: 'tick' }, spec: limits } as CronJob;
      expect(jobsBeyondHistory(cronJob, all).map(({ metadata }) => metadata.name)).toEqual(expected);
    },
  );
});
