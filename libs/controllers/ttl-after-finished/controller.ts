import { isNotFound, objectKey, parseTime } from '@drydock/base/apimachinery';
import { Job } from '@drydock/api/batch/v1';
import {
  createController,
  source,
  TerminalError,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { exponentialBuckets } from '@drydock/port/observability';

const name = 'ttl-after-finished-controller';

/** When the Job ended, in milliseconds since the epoch; undefined while it runs. */
export function finishedAtMs(job: Job): number | undefined {
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  if (end === undefined) return undefined;
  if (!end.lastTransitionTime)
    throw new TerminalError(`unable to find the time when the Job ${objectKey(job)} finished`);
  return parseTime(end.lastTransitionTime);
}

/** How long the Job may stay: 0 when its time is over, undefined when it stays for good or runs still. */
export function leftToLiveMs(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec?.ttlSecondsAfterFinished;
  if (seconds === undefined || job.metadata.deletionTimestamp) return undefined;
  const finishedMs = finishedAtMs(job);
  return finishedMs === undefined ? undefined : Math.max(0, finishedMs + seconds * 1000 - nowMs);
}

/** `ttl-after-finished-controller`: deletes Jobs, and what is theirs, some time after they ended. */
export const createTtlAfterFinishedController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const jobs = informers.informer(Job);
  const duration = deps.metrics.histogram({
    name: 'ttl_after_finished_controller_job_deletion_duration_seconds',
    help: 'The time it took to delete the job since it became eligible for deletion',
    buckets: exponentialBuckets(0.1, 2, 14),
  });
  return createController(
    {
      name,
      sources: [
        source(Job, (job, { deleted }) =>
          deleted || job.spec?.ttlSecondsAfterFinished === undefined ? [] : [objectKey(job)],
        ),
      ],
      async reconcile(key) {
        const job = jobs.get(key);
        const leftMs = job === undefined ? undefined : leftToLiveMs(job, clock.now());
        if (job === undefined || leftMs === undefined) return;
        if (leftMs > 0) return { requeueAfterMs: leftMs };
        const resource = client.resource(Job).namespace(job.metadata.namespace ?? '');
        try {
          // The TTL may have been changed since we saw it.
          const fresh = await resource.get(job.metadata.name ?? '');
          if (leftToLiveMs(fresh, clock.now()) !== 0) return;
          const { uid = '' } = fresh.metadata;
          await resource.delete(job.metadata.name ?? '', {
            propagationPolicy: 'Foreground',
            preconditions: { uid },
          });
          const endedMs = (finishedAtMs(fresh) ?? 0) + (fresh.spec?.ttlSecondsAfterFinished ?? 0) * 1000;
          duration.observe((clock.now() - endedMs) / 1000);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
        return undefined;
      },
    },
    deps,
  );
};
