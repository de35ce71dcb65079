import { afterEach, describe, expect, it } from 'vitest';
import { Job, type JobSpec } from '@drydock/api/batch/v1';
import { formatTime, isNotFound } from '@drydock/base/apimachinery';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
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
