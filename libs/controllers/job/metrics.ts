import type { Job, JobStatus } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import { exponentialBuckets, type Metrics } from '@drydock/port/observability';
import type { Assessment, Verdict } from './assess.ts';
import { isPodTerminal } from '../shared/index.ts';
import { parseIndexes } from './indexes.ts';
import { hasFinalizer, isIndexed } from './pods.ts';

/** What a pass over a Job did with its Pods; `reconciling` where it did not look at them. */
export type Action = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

export interface JobMetrics {
  synced(job: Job, action: Action, durationMs: number, succeeded: boolean): void;
  finished(job: Job, verdict: Verdict): void;
  /** What is told by a status that was written and was not by the one before. */
  counted(job: Job, before: JobStatus | undefined, after: JobStatus): void;
  /** Failed Pods by what the failure policy did about them. */
  handled(actions: readonly string[]): void;
  created(job: Job, assessed: Assessment, succeeded: number, failed: number): void;
  /** A Pod changed, came (without `before`) or went (without `after`). */
  changed(before: Pod | undefined, after: Pod | undefined): void;
  managedBy(controller: string): void;
}

const isEndedAndHeld = (pod: Pod | undefined): boolean =>
  pod !== undefined && isPodTerminal(pod) && hasFinalizer(pod);

/** kube-controller-manager's metrics of Jobs, by Kubernetes' names. */
export function jobMetrics(metrics: Metrics): JobMetrics {
  const counter = (name: string, help: string, ...labels: string[]) =>
    metrics.counter({ name: `job_controller_${name}`, help, labels });
  const bySync = ['completion_mode', 'result', 'action'];
  const durations = metrics.histogram({
    name: 'job_controller_job_sync_duration_seconds',
    help: 'The time it took to sync a job',
    labels: bySync,
    buckets: exponentialBuckets(0.004, 2, 15),
  });
  const syncs = counter('job_syncs_total', 'The number of job syncs', ...bySync);
  const ends = counter(
    'jobs_finished_total',
    'The number of finished jobs',
    ...['completion_mode', 'result', 'reason'],
  );
  const podEnds = counter(
    'job_pods_finished_total',
    'The number of finished Pods that are fully tracked',
    ...['completion_mode', 'result'],
  );
  const indexEnds = counter(
    'job_finished_indexes_total',
    'The number of finished indexes',
    ...['status', 'backoffLimit'],
  );
  const handled = counter(
    'pod_failures_handled_by_failure_policy_total',
    'The number of failed Pods handled by failure policy, by the action of the rule that they matched',
    'action',
  );
  const creations = counter(
    'job_pods_creation_total',
    'The number of Pods created by the Job controller, by why they were created and what came of it',
    ...['reason', 'status'],
  );
  const held = counter(
    'terminated_pods_tracking_finalizer_total',
    'The number of terminated pods that have the finalizer batch.kubernetes.io/job-tracking',
    'event',
  );
  const external = counter(
    'jobs_by_external_controller_total',
    'The number of Jobs managed by an external controller',
    'controller_name',
  );
  const modeOf = (job: Job) => job.spec?.completionMode ?? 'NonIndexed';

  return {
    synced(job, action, durationMs, succeeded) {
      const labels = [modeOf(job), succeeded ? 'success' : 'error', action];
      durations.observe(durationMs / 1000, labels);
      syncs.inc(labels);
    },
    finished(job, { type, reason }) {
      ends.inc([modeOf(job), type === 'SuccessCriteriaMet' ? 'succeeded' : 'failed', reason]);
    },
    counted(job, before, after) {
      const more = (now = 0, then = 0) => Math.max(0, now - then);
      const moreIndexes = (now: string | undefined, then: string | undefined) => {
        if (now === then) return 0;
        // Those that are beyond the end by now count for nothing.
        const [next, previous] = [now, then].map(
          (text) => parseIndexes(text, job.spec?.completions ?? 0).size,
        );
        return more(next, previous);
      };
      const indexed = isIndexed(job);
      const succeeded = indexed
        ? moreIndexes(after.completedIndexes, before?.completedIndexes)
        : more(after.succeeded, before?.succeeded);
      const failed = more(after.failed, before?.failed);
      if (succeeded > 0) podEnds.inc([modeOf(job), 'succeeded'], succeeded);
      if (failed > 0) podEnds.inc([modeOf(job), 'failed'], failed);
      if (!indexed) return;
      const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
      const failedIndexes = perIndex ? moreIndexes(after.failedIndexes, before?.failedIndexes) : 0;
      if (succeeded > 0) indexEnds.inc(['succeeded', perIndex ? 'perIndex' : 'global'], succeeded);
      if (failedIndexes > 0) indexEnds.inc(['failed', 'perIndex'], failedIndexes);
    },
    handled(actions) {
      for (const action of actions) handled.inc([action]);
    },
    created(job, assessed, succeeded, failed) {
      let reason = 'new';
      if (job.spec?.podReplacementPolicy === 'Failed' && assessed.failed > 0) reason = 'recreate_failed';
      else if (assessed.failed > 0 || assessed.terminating > 0) reason = 'recreate_terminating_or_failed';
      if (succeeded > 0) creations.inc([reason, 'succeeded'], succeeded);
      if (failed > 0) creations.inc([reason, 'failed'], failed);
    },
    changed(before, after) {
      const [was, is] = [isEndedAndHeld(before), isEndedAndHeld(after)];
      if (was !== is) held.inc([is ? 'add' : 'delete']);
    },
    managedBy: (controller) => external.inc([controller]),
  };
}
