import { parseTime } from '@drydock/base/apimachinery';
import type { Job, JobCondition } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import { isPodActive, isPodReady, isPodTerminating } from '../shared/index.ts';
import { isPodFailed, matchPodFailurePolicy } from './failure-policy.ts';
import { completionIndex, parseIndexes } from './indexes.ts';
import { failsIndex, lastFailures } from './per-index.ts';
import { hasFinalizer, isIndexed } from './pods.ts';
import { matchSuccessPolicy } from './success-policy.ts';

export interface JobView {
  readonly job: Job;
  /** All Pods that the Job owns. */
  readonly pods: readonly Pod[];
  /** uids of Pods whose finalizer was removed though the cache shows it still. */
  readonly released: ReadonlySet<string>;
  readonly nowMs: number;
}

/** How a Job ends: the condition to set, without times. */
export interface Verdict {
  readonly type: 'FailureTarget' | 'Failed' | 'SuccessCriteriaMet';
  readonly reason: string;
  readonly message: string;
}

/** Everything that the decisions about a Job rest on. */
export interface Assessment {
  readonly active: readonly Pod[];
  readonly terminating: number;
  readonly ready: number;
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: ReadonlySet<number>;
  readonly recordedIndexes: ReadonlySet<number>;
  /** undefined without backoffLimitPerIndex. */
  readonly failedIndexes: ReadonlySet<number> | undefined;
  readonly lastFailures: ReadonlyMap<number, Pod>;
  readonly verdict: Verdict | undefined;
}

export function conditionIsTrue(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((one) => one.type === type && one.status === 'True');
}

export function isFinished(job: Job): boolean {
  return conditionIsTrue(job, 'Complete') !== undefined || conditionIsTrue(job, 'Failed') !== undefined;
}

/** Restarts in place, which OnFailure counts as the failures of the Job. */
function pastBackoffLimitByRestarts(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += one.restartCount ?? 0;
  }
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** How much of activeDeadlineSeconds is left; undefined where it does not run. */
export function deadlineLeftMs(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  const start = job.status?.startTime;
  if (seconds === undefined || start === undefined || job.spec?.suspend === true) return undefined;
  return parseTime(start) + seconds * 1000 - nowMs;
}

export function assessJob(view: JobView): Assessment {
  const { job, pods, released, nowMs } = view;
  const spec = job.spec ?? { template: {} };
  const completions = spec.completions ?? 0;
  const uncounted = job.status?.uncountedTerminatedPods;
  const succeededUids = new Set(uncounted?.succeeded);
  const failedUids = new Set(uncounted?.failed);
  const active = pods.filter(isPodActive);
  const fresh = (pod: Pod, counted: ReadonlySet<string>) =>
    hasFinalizer(pod) && !counted.has(pod.metadata.uid ?? '') && !released.has(pod.metadata.uid ?? '');
  const newlySucceeded = pods.filter((pod) => pod.status?.phase === 'Succeeded' && fresh(pod, succeededUids));
  const newlyFailed = pods.filter((pod) => isPodFailed(pod, job) && fresh(pod, failedUids));
  const countedFailures = newlyFailed.filter(
    (pod) => matchPodFailurePolicy(spec.podFailurePolicy, pod).countFailed,
  );
  const failed = (job.status?.failed ?? 0) + failedUids.size + countedFailures.length;
  let succeeded = (job.status?.succeeded ?? 0) + succeededUids.size + newlySucceeded.length;

  const recordedIndexes = isIndexed(job)
    ? parseIndexes(job.status?.completedIndexes, completions)
    : new Set<number>();
  const succeededIndexes = new Set(recordedIndexes);
  let failedIndexes: Set<number> | undefined;
  let last: ReadonlyMap<number, Pod> = new Map();
  if (isIndexed(job)) {
    const indexOf = (pod: Pod) => {
      const index = completionIndex(pod);
      return index !== undefined && index < completions ? index : undefined;
    };
    for (const pod of pods) {
      const index = indexOf(pod);
      if (index !== undefined && pod.status?.phase === 'Succeeded' && hasFinalizer(pod))
        succeededIndexes.add(index);
    }
    succeeded = succeededIndexes.size;
    if (spec.backoffLimitPerIndex !== undefined) {
      const over = (failedIndexes = parseIndexes(job.status?.failedIndexes, completions));
      for (const pod of pods) {
        const index = indexOf(pod);
        if (index === undefined || succeededIndexes.has(index)) continue;
        if (hasFinalizer(pod) && failsIndex(job, pod)) over.add(index);
      }
      const held = pods.filter((pod) => hasFinalizer(pod) && !released.has(pod.metadata.uid ?? ''));
      last = lastFailures(job, held, active, (index) => succeededIndexes.has(index) || over.has(index));
    }
  }
  return {
    active,
    terminating: pods.filter(isPodTerminating).length,
    ready: active.filter(isPodReady).length,
    newlySucceeded,
    newlyFailed,
    succeeded,
    failed,
    succeededIndexes,
    recordedIndexes,
    failedIndexes,
    lastFailures: last,
    verdict: verdictOf(job, pods, { failed, succeededIndexes, failedIndexes, nowMs }),
  };
}

function verdictOf(
  job: Job,
  pods: readonly Pod[],
  counts: {
    failed: number;
    succeededIndexes: ReadonlySet<number>;
    failedIndexes: ReadonlySet<number> | undefined;
    nowMs: number;
  },
): Verdict | undefined {
  const { spec } = job;
  const success = conditionIsTrue(job, 'SuccessCriteriaMet');
  if (success !== undefined) return asVerdict('SuccessCriteriaMet', success);
  const failure = conditionIsTrue(job, 'FailureTarget');
  if (failure !== undefined) return asVerdict('Failed', failure);
  const fails = (reason: string, message: string): Verdict => ({ type: 'FailureTarget', reason, message });
  if (spec?.podFailurePolicy !== undefined) {
    for (const pod of pods) {
      if (!isPodFailed(pod, job)) continue;
      const { message } = matchPodFailurePolicy(spec.podFailurePolicy, pod);
      if (message !== undefined) return fails('PodFailurePolicy', message);
    }
  }
  if (counts.failed > (spec?.backoffLimit ?? 6) || pastBackoffLimitByRestarts(job, pods))
    return fails('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const left = deadlineLeftMs(job, counts.nowMs);
  if (left !== undefined && left <= 0)
    return fails('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (!isIndexed(job)) return undefined;
  const { failedIndexes, succeededIndexes } = counts;
  const completions = spec?.completions ?? 0;
  if (failedIndexes !== undefined) {
    if (spec?.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes)
      return fails(
        'MaxFailedIndexesExceeded',
        'Job has exceeded the specified maximal number of failed indexes',
      );
    if (failedIndexes.size > 0 && failedIndexes.size + succeededIndexes.size >= completions)
      return fails('FailedIndexes', 'Job has failed indexes');
  }
  const message = matchSuccessPolicy(spec?.successPolicy, completions, succeededIndexes);
  return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

function asVerdict(type: Verdict['type'], { reason = '', message = '' }: JobCondition): Verdict {
  return { type, reason, message };
}
