import { afterEach, describe, expect, it } from 'vitest';
import { Job, type JobSpec } from '@drydock/api/batch/v1';
import { formatTime, isNotFound } from '@drydock/base/apimachinery';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { TerminalError } from '@drydock/machinery/controller';
import { leftToLiveMs } from './controller.ts';
import { createTtlAfterFinishedController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const jobs = () => cluster.client.resource(Job).namespace('default');
const start = async (spec: Partial<JobSpec>) => {
  const container = { name: 'c', image: 'i' };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  return jobs().create({ metadata: { name: 'j', namespace: 'default' }, spec: { template, ...spec } } as Job);
};
const finish = async () => {
  const now = formatTime(cluster.clock.now());
  const conditions = [
    { type: 'SuccessCriteriaMet', status: 'True', lastTransitionTime: now },
    { type: 'Complete', status: 'True', lastTransitionTime: now },
  ];
  const job = await jobs().get('j');
  await jobs().updateStatus({ ...job, status: { startTime: now, completionTime: now, conditions } } as Job);
};
const deleted = async () => {
  try {
    return (await jobs().get('j')).metadata.deletionTimestamp !== undefined;
  } catch (error) {
    return isNotFound(error);
  }
};

describe('ttl-after-finished-controller', () => {
  it('deletes a Job so many seconds after its end, and not before', async () => {
    cluster = await startCluster();
    cluster.run(createTtlAfterFinishedController);
    await start({ ttlSecondsAfterFinished: 30 });
    await cluster.clock.advance(100_000);
    expect(await deleted()).toBe(false);
    await finish();
    await cluster.clock.advance(29_000);
    expect(await deleted()).toBe(false);
    await cluster.clock.advance(1_000);
    expect(await deleted()).toBe(true);
    expect(cluster.counted).toEqual({ ttl_after_finished_controller_job_deletion_duration_seconds: 1 });
    expect(cluster.errors).toEqual([]);
  });

  it('goes by the TTL as it is when the time comes', async () => {
    cluster = await startCluster();
    cluster.run(createTtlAfterFinishedController);
    await start({ ttlSecondsAfterFinished: 30 });
    await finish();
    await cluster.clock.advance(10_000);
    await jobs().patch('j', { type: 'merge', body: { spec: { ttlSecondsAfterFinished: 60 } } });
    await cluster.clock.advance(40_000);
    expect(await deleted()).toBe(false);
    await cluster.clock.advance(10_000);
    expect(await deleted()).toBe(true);
  });
});

describe('how long a Job may stay', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  const ago = (seconds: number) => formatTime(nowMs - seconds * 1000);
  const ended = (type: string, secondsAgo: number, status = 'True') => [
    { type: 'SuccessCriteriaMet', status: 'True', lastTransitionTime: ago(100) },
    { type, status, lastTransitionTime: ago(secondsAgo) },
  ];
  it.each<[string, number | undefined, object[], number | undefined]>([
    ['it runs', 100, [], undefined],
    ['it is not over yet', 100, ended('Failed', 0, 'False'), undefined],
    ['it has succeeded, for good', undefined, ended('Complete', 0), undefined],
    ['it has succeeded now, for no time', 0, ended('Complete', 0), 0],
    ['it has succeeded now', 10, ended('Complete', 0), 10],
    ['it succeeded a while ago', 15, ended('Complete', 10), 5],
    ['it succeeded long ago', 15, ended('Complete', 20), 0],
    ['it has failed, for good', undefined, ended('Failed', 0), undefined],
    ['it has failed now, for no time', 0, ended('Failed', 0), 0],
    ['it failed a while ago', 15, ended('Failed', 10), 5],
    ['it ended in the future, by clocks that differ', 15, ended('Failed', -5), 20],
  ])('%s', (_title, ttlSecondsAfterFinished, conditions, expected) => {
    const job = {
      metadata: { name: 'j', namespace: 'default' },
      spec: { template: {}, ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }) },
      status: { conditions },
    } as Job;
    expect(leftToLiveMs(job, nowMs)).toBe(expected === undefined ? undefined : expected * 1000);
  });

  it('cannot be told of one that does not tell when it ended', () => {
    const conditions = [{ type: 'Complete', status: 'True' }];
    const job = { metadata: {}, spec: { template: {}, ttlSecondsAfterFinished: 1 }, status: { conditions } };
    expect(() => leftToLiveMs(job as Job, nowMs)).toThrow(TerminalError);
  });
});
