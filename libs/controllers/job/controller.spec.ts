import { afterEach, describe, expect, it } from 'vitest';
import { Job, type JobSpec } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import { formatTime } from '@drydock/base/apimachinery';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createJobController, formatIndexes, matchSuccessPolicy, parseIndexes } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const job = (spec: Partial<JobSpec> = {}): Job =>
  ({
    metadata: { name: 'work', namespace: 'default' },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
      ...spec,
    },
  }) as Job;
const resource = () => cluster.client.resource(Job).namespace('default');
const get = () => resource().get('work');
const pods = () => cluster.list(Pod, 'default');
const conditions = async () =>
  ((await get()).status?.conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason }) => `${type}:${reason}`);

/** Ends each Pod as `exitCode` says, after a second. */
function runner(exitCode: (pod: Pod) => number | undefined) {
  const stop = cluster.deps.informers.informer(Pod).addHandler({
    added: (pod) => end(pod),
    updated: (pod) => {
      if (pod.metadata.deletionTimestamp && !pod.metadata.finalizers?.length)
        void cluster.client
          .resource(Pod)
          .namespace('default')
          .delete(pod.metadata.name ?? '', { gracePeriodSeconds: 0 })
          .catch(() => undefined);
    },
  });
  const end = (pod: Pod) => {
    const code = exitCode(pod);
    if (code === undefined) return;
    const terminated = { exitCode: code, finishedAt: formatTime(cluster.clock.now()) };
    const body = {
      status: {
        phase: code === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [
          { name: 'c', image: 'busybox', imageID: '', ready: false, restartCount: 0, state: { terminated } },
        ],
      },
    };
    void cluster.client
      .resource(Pod)
      .namespace('default')
      .patch(pod.metadata.name ?? '', { type: 'merge', body }, { subresource: 'status' })
      .catch(() => undefined);
  };
  return stop;
}

describe('job-controller', () => {
  it('lets go of a Pod that has no Job any more', async () => {
    cluster = await startCluster();
    cluster.run(createJobController);
    const spec = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } as const;
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .create({
        metadata: { name: 'stray', namespace: 'default', finalizers: ['batch.kubernetes.io/job-tracking'] },
        spec,
      } as unknown as Pod);
    await cluster.until(async () => (await pods())[0]?.metadata.finalizers === undefined);
    expect((await pods()).map(({ metadata }) => metadata.name)).toEqual(['stray']);
  });

  it('runs to completion and counts every Pod once', async () => {
    cluster = await startCluster();
    runner(() => 0);
    cluster.run(createJobController);
    await resource().create(job({ completions: 5, parallelism: 2 }));
    await cluster.until(async () => (await get()).status?.completionTime !== undefined);
    const { status } = await get();
    expect(status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(status?.active).toBeUndefined();
    expect(await conditions()).toEqual([
      'SuccessCriteriaMet:CompletionsReached',
      'Complete:CompletionsReached',
    ]);
    expect((await pods()).every(({ metadata }) => (metadata.finalizers ?? []).length === 0)).toBe(true);
    expect(await cluster.events('work')).toContain('Normal Completed Job completed');
    expect(cluster.errors).toEqual([]);
  });

  it('fails past its backoff limit, waiting 10 s, 20 s, …', async () => {
    cluster = await startCluster();
    runner(() => 1);
    cluster.run(createJobController);
    const begun = cluster.clock.now();
    await resource().create(job({ backoffLimit: 2 }));
    await cluster.until(async () => (await conditions()).length === 2, 120_000);
    expect(await conditions()).toEqual(['FailureTarget:BackoffLimitExceeded', 'Failed:BackoffLimitExceeded']);
    expect((await get()).status?.failed).toBe(3);
    expect(cluster.clock.now() - begun).toBeGreaterThanOrEqual(28_000);
    expect(await cluster.events('work')).toContain(
      'Warning BackoffLimitExceeded Job has reached the specified backoff limit',
    );
  });

  it('indexed: one Pod an index, with its own limit, and failed indexes told', async () => {
    cluster = await startCluster();
    runner((pod) => (pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'] === '1' ? 1 : 0));
    cluster.run(createJobController);
    await resource().create(
      job({ completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 1 }),
    );
    await cluster.until(async () => (await conditions()).length === 2, 120_000);
    expect((await get()).status).toMatchObject({
      succeeded: 3,
      failed: 2,
      completedIndexes: '0,2,3',
      failedIndexes: '1',
    });
    expect(await conditions()).toEqual(['FailureTarget:FailedIndexes', 'Failed:FailedIndexes']);
    const first = (await pods()).find((pod) => pod.spec?.hostname === 'work-0');
    expect(first?.metadata.name).toMatch(/^work-0-[a-z0-9]{5}$/);
    expect(first?.spec?.containers[0]?.env?.[0]?.name).toBe('JOB_COMPLETION_INDEX');
  });

  it('follows the pod failure policy', async () => {
    cluster = await startCluster();
    runner(() => 42);
    cluster.run(createJobController);
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }];
    await resource().create(job({ podFailurePolicy: { rules } }));
    await cluster.until(async () => (await conditions()).length === 2);
    const failed = (await get()).status?.conditions?.find(({ type }) => type === 'Failed');
    expect(failed?.message).toMatch(
      /^Container c for pod default\/work-[a-z0-9]{5} failed with exit code 42 matching FailJob rule at index 0$/,
    );
  });

  it('suspends and resumes, the time it started moving with it', async () => {
    cluster = await startCluster();
    const stop = cluster.kubelet();
    cluster.run(createJobController);
    await resource().create(job({ suspend: true, completions: 2, parallelism: 2 }));
    await cluster.until(async () => (await conditions()).includes('Suspended:JobSuspended'));
    expect(await pods()).toEqual([]);
    const suspend = (value: boolean) =>
      resource().patch('work', { type: 'merge', body: { spec: { suspend: value } } });
    await suspend(false);
    await cluster.until(async () => (await get()).status?.ready === 2);
    expect((await get()).status?.startTime).toBeDefined();
    await suspend(true);
    await cluster.until(async () => (await pods()).length === 0);
    expect((await get()).status?.failed ?? 0).toBe(0);
    stop();
    runner(() => 0);
    await suspend(false);
    await cluster.until(async () => (await get()).status?.succeeded === 2);
    expect(await cluster.events('work')).toEqual(
      expect.arrayContaining(['Normal Suspended Job suspended (x2)', 'Normal Resumed Job resumed (x2)']),
    );
  });

  it('ends at its deadline', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    cluster.run(createJobController);
    await resource().create(job({ activeDeadlineSeconds: 30 }));
    await cluster.until(async () => (await get()).status?.ready === 1);
    await cluster.clock.advance(31_000);
    await cluster.until(async () => (await conditions()).includes('Failed:DeadlineExceeded'));
    expect((await get()).status?.failed).toBe(1);
  });

  it('succeeds early by its success policy and counts those still running for nothing', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    runner((pod) => (pod.spec?.hostname === 'work-0' ? 0 : undefined));
    cluster.run(createJobController);
    const successPolicy = { rules: [{ succeededIndexes: '0' }] };
    await resource().create(
      job({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy }),
    );
    await cluster.until(async () => (await conditions()).includes('Complete:SuccessPolicy'));
    expect((await get()).status).toMatchObject({ succeeded: 1, completedIndexes: '0' });
    expect((await get()).status?.failed ?? 0).toBe(0);
  });

  it('counts right when it is killed and started again in the middle', async () => {
    cluster = await startCluster();
    runner(() => 0);
    await resource().create(job({ completions: 12, parallelism: 4 }));
    for (let round = 0; round < 8; round++) {
      const stop = cluster.run(createJobController);
      for (let turn = 0; turn < 60 * round; turn++) await undefined;
      await stop();
    }
    cluster.run(createJobController);
    await cluster.until(async () => (await get()).status?.completionTime !== undefined);
    expect((await get()).status?.succeeded).toBe(12);
    expect(await pods()).toHaveLength(12);
  });
});

describe('indexes', () => {
  it.each([
    ['0,2,3', [0, 2, 3]],
    ['1-4', [1, 2, 3, 4]],
    ['', []],
    ['7', [7]],
    ['0,1', [0, 1]],
  ])('%s', (text, indexes) => {
    expect([...parseIndexes(text, 10)]).toEqual(indexes);
    expect(formatIndexes(indexes)).toBe(text);
  });

  it.each([
    [{ rules: [{ succeededCount: 2 }] }, [4, 5], 'Matched rules at index 0'],
    [
      { rules: [{ succeededIndexes: '0,1' }, { succeededIndexes: '0-5', succeededCount: 1 }] },
      [5],
      'Matched rules at index 1',
    ],
    [{ rules: [{ succeededIndexes: '0,1' }] }, [0], undefined],
  ])('success policy %j with %j', (policy, done, message) => {
    expect(matchSuccessPolicy(policy, 10, new Set(done))).toBe(message);
  });
});
