import { afterEach, describe, expect, it } from 'vitest';
import { CronJob, Job, type CronJobSpec } from '@drydock/api/batch/v1';
import { formatTime } from '@drydock/base/apimachinery';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createCronJobController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const minute = 60_000;
const create = (spec: Partial<CronJobSpec> = {}) =>
  cluster.client
    .resource(CronJob)
    .namespace('default')
    .create({
      metadata: { name: 'tick', namespace: 'default' },
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: {
          metadata: { labels: { app: 'tick' } },
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'b' }] } } },
        },
        ...spec,
      },
    } as CronJob);
const cronJob = () => cluster.client.resource(CronJob).namespace('default').get('tick');
const jobs = async () => (await cluster.list(Job, 'default')).sort((a, b) => (name(a) < name(b) ? -1 : 1));
const name = ({ metadata }: Job) => metadata.name ?? '';
const minutes = async () =>
  (await jobs()).map((job) => (Number(name(job).split('-')[1]) * minute - begin) / minute);
const begin = Date.parse('2026-01-01T00:00:00Z');

async function end(job: Job, type: 'Complete' | 'Failed') {
  const now = formatTime(cluster.clock.now());
  const conditions =
    type === 'Complete'
      ? [
          { type: 'SuccessCriteriaMet', status: 'True' },
          { type, status: 'True' },
        ]
      : [
          { type: 'FailureTarget', status: 'True' },
          { type, status: 'True' },
        ];
  await cluster.client
    .resource(Job)
    .namespace('default')
    .updateStatus({
      ...job,
      status: {
        ...job.status,
        startTime: now,
        conditions,
        ...(type === 'Complete' ? { completionTime: now } : {}),
      },
    } as Job);
}

describe('cronjob-controller', () => {
  it('makes Jobs on schedule, strikes those that ended, and keeps the history short', async () => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create();
    await cluster.clock.advance(4 * minute);
    expect(await jobs()).toEqual([]);
    for (let round = 1; round <= 5; round++) {
      await cluster.clock.advance(5 * minute);
      const last = (await jobs()).at(-1) as Job;
      expect((await cronJob()).status?.active).toMatchObject([{ kind: 'Job', name: name(last) }]);
      await end(last, round === 2 ? 'Failed' : 'Complete');
      await cluster.until(async () => (await cronJob()).status?.active === undefined);
    }
    const { status } = await cronJob();
    expect(status?.lastScheduleTime).toBe('2026-01-01T00:25:00Z');
    expect(status?.lastSuccessfulTime).toBe('2026-01-01T00:29:00Z');
    expect(await minutes()).toEqual([10, 15, 20, 25]);
    const [job] = await jobs();
    expect(job?.metadata.labels).toEqual(expect.objectContaining({ app: 'tick' }));
    expect(job?.metadata.annotations).toMatchObject({
      'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:10:00Z',
    });
    const told = await cluster.events('tick');
    expect(told).toContain(`Normal SuccessfulCreate Created job ${name(job as Job)}`);
    expect(told).toContain(
      `Normal SawCompletedJob Saw completed job: ${name(job as Job)}, condition: Failed`,
    );
    expect(cluster.errors).toEqual([]);
  });

  it.each([
    ['Allow', [5, 10, 15]],
    ['Forbid', [5]],
    ['Replace', [15]],
  ])('%s: Jobs that overlap', async (concurrencyPolicy, expected) => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create({ concurrencyPolicy });
    await cluster.clock.advance(16 * minute);
    expect(await minutes()).toEqual(expected);
  });

  it('does not start what is suspended, and starts the last due one when it is resumed', async () => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create({ suspend: true });
    await cluster.clock.advance(17 * minute);
    expect(await minutes()).toEqual([]);
    const tick = cluster.client.resource(CronJob).namespace('default');
    await tick.patch('tick', { type: 'merge', body: { spec: { suspend: false } } });
    await cluster.settle();
    expect(await minutes()).toEqual([15]);
  });

  it('says what is wrong with a schedule that never comes', async () => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create({ schedule: '59 23 31 2 *' });
    await cluster.settle();
    expect(String(await cluster.events('tick'))).toContain(
      'Warning InvalidSchedule invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second',
    );
  });

  it('does not make up for what a new schedule would have started before', async () => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create({ schedule: '0 12 * * *' });
    await cluster.clock.advance(7.5 * minute);
    const tick = cluster.client.resource(CronJob).namespace('default');
    await tick.patch('tick', { type: 'merge', body: { spec: { schedule: '*/5 * * * *' } } });
    await cluster.settle();
    expect(await minutes()).toEqual([]);
    await cluster.clock.advance(3 * minute);
    expect(await minutes()).toEqual([10]);
  });

  it('goes by the clocks of its time zone, and says so on the Job', async () => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create({ schedule: '30 6 * * *', timeZone: 'Asia/Kolkata' });
    await cluster.clock.advance(62 * minute);
    const [job] = await jobs();
    expect(job?.metadata.annotations).toMatchObject({
      'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T06:30:00+05:30',
    });
  });

  it('tells of a schedule that never comes', async () => {
    cluster = await startCluster();
    cluster.run(createCronJobController);
    await create({ schedule: '59 23 31 2 *' });
    await cluster.settle();
    expect(await cluster.events('tick')).toEqual([
      'Warning InvalidSchedule invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second',
    ]);
    expect(cluster.errors).toEqual([]);
  });

  it('makes each start once and loses none though killed at any point', async () => {
    cluster = await startCluster();
    const loop = runKilled(cluster, createCronJobController, { seed: 11, limit: 60 });
    await create({ concurrencyPolicy: 'Allow' });
    await cluster.clock.advance(minute);
    for (let round = 0; round < 4; round++) {
      await cluster.clock.advance(5 * minute);
      const last = (await jobs()).at(-1);
      if (last !== undefined) await end(last, 'Complete');
    }
    await cluster.clock.advance(minute);
    expect(await minutes()).toEqual([10, 15, 20]);
    expect((await cronJob()).status?.lastScheduleTime).toBe('2026-01-01T00:20:00Z');
    expect(loop.kills()).toBeGreaterThan(3);
    await loop.stop();
  });
});
