import { formatTime } from '@drydock/base/apimachinery';
import type { Job, JobCondition, JobStatus, UncountedTerminatedPods } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import type { Assessment, Verdict } from './assess.ts';
import { isPodFailed, matchPodFailurePolicy } from './failure-policy.ts';
import { completionIndex, formatIndexes } from './indexes.ts';
import { hasFinalizer, isIndexed } from './pods.ts';

/** Pods counted between two writes of the status at most, so that it does not grow without bound. */
const maxUncounted = 500;

export interface Tracking {
  /** Status fields with the newly ended Pods in them. */
  readonly status: JobStatus;
  /** Pods that may go once the status is written. */
  readonly release: readonly Pod[];
  /** Whether one write carries no more: the rest comes with the next. */
  readonly more: boolean;
  /** What the failure policy did about each Pod that newly failed and that it has a rule for. */
  readonly handled: readonly string[];
}

/**
 * Takes what has ended into the status. A Pod's uid stands in `uncountedTerminatedPods` until its finalizer is gone, so
 * that a loop that is killed between the two writes neither forgets it nor counts it twice.
 */
export function trackPods(
  job: Job,
  pods: readonly Pod[],
  released: ReadonlySet<string>,
  assessed: Assessment,
): Tracking {
  const fresh = (pod: Pod) => hasFinalizer(pod) && !released.has(pod.metadata.uid ?? '');
  const holding = new Set(pods.filter(fresh).map(({ metadata }) => metadata.uid ?? ''));
  const knownFailed = new Set(job.status?.uncountedTerminatedPods?.failed);
  const knownSucceeded = new Set(job.status?.uncountedTerminatedPods?.succeeded);
  // What was let go before makes room for more.
  const status = settleUncounted({ ...job.status }, (uid) => holding.has(uid));
  const uncounted = {
    succeeded: [...(status.uncountedTerminatedPods?.succeeded ?? [])],
    failed: [...(status.uncountedTerminatedPods?.failed ?? [])],
  };
  const indexed = isIndexed(job);
  const completions = job.spec?.completions ?? 0;
  const held = new Set([...assessed.lastFailures.values()].map((pod) => pod.metadata.uid));
  const endsBadly = assessed.verdict !== undefined && assessed.verdict.type !== 'SuccessCriteriaMet';
  const over = job.metadata.deletionTimestamp !== undefined || assessed.verdict !== undefined;
  const release: Pod[] = [];
  const handled: string[] = [];
  let newIndexes = 0;
  let more = false;
  const place = (pod: Pod) => completionIndex(pod) ?? -1;
  for (const pod of indexed ? [...pods].sort((a, b) => place(a) - place(b)) : pods) {
    const { uid = '' } = pod.metadata;
    if (!fresh(pod)) continue;
    const succeeded = pod.status?.phase === 'Succeeded';
    const failed = isPodFailed(pod, job);
    if (!over && !succeeded && (!failed || held.has(uid))) continue;
    release.push(pod);
    const index = completionIndex(pod);
    const useful = !indexed || (index !== undefined && index < completions);
    if (succeeded && !knownFailed.has(uid)) {
      if (!indexed) {
        if (!knownSucceeded.has(uid)) uncounted.succeeded.push(uid);
      } else if (useful && index !== undefined && !assessed.recordedIndexes.has(index)) newIndexes++;
    } else if ((failed || endsBadly) && useful && !knownFailed.has(uid)) {
      const { countFailed, action } = matchPodFailurePolicy(job.spec?.podFailurePolicy, pod);
      if (action !== undefined) handled.push(action);
      if (countFailed) uncounted.failed.push(uid);
    }
    if (newIndexes + uncounted.succeeded.length + uncounted.failed.length >= maxUncounted) {
      more = true;
      break;
    }
  }
  if (indexed) {
    status.succeeded = assessed.succeededIndexes.size;
    const completed = formatIndexes(assessed.succeededIndexes);
    if (completed === '') delete status.completedIndexes;
    else status.completedIndexes = completed;
    if (assessed.failedIndexes === undefined) delete status.failedIndexes;
    else status.failedIndexes = formatIndexes(assessed.failedIndexes);
  }
  status.uncountedTerminatedPods = compact(uncounted);
  return { status, release, more, handled };
}

function compact({ succeeded = [], failed = [] }: UncountedTerminatedPods): UncountedTerminatedPods {
  return { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) };
}

/** Moves the uids whose Pods have no finalizer any more into the counters. `holds` tells of those that still have one. */
export function settleUncounted(status: JobStatus, holds: (uid: string) => boolean): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const settledOf = (uids: readonly string[]) => uids.filter((uid) => !holds(uid)).length;
  const next: JobStatus = {
    ...status,
    uncountedTerminatedPods: compact({ succeeded: succeeded.filter(holds), failed: failed.filter(holds) }),
  };
  if (settledOf(succeeded) > 0) next.succeeded = (status.succeeded ?? 0) + settledOf(succeeded);
  if (settledOf(failed) > 0) next.failed = (status.failed ?? 0) + settledOf(failed);
  return next;
}

export function condition(
  type: string,
  status: 'True' | 'False',
  reason: string,
  message: string,
  nowMs: number,
): JobCondition {
  const now = formatTime(nowMs);
  return { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
}

/** The status that announces how the Job ends while its Pods are still going. */
export function withInterim(status: JobStatus, verdict: Verdict, nowMs: number): JobStatus {
  if (verdict.type === 'Failed') return status;
  if (status.conditions?.some((one) => one.type === verdict.type && one.status === 'True')) return status;
  const made = condition(verdict.type, 'True', verdict.reason, verdict.message, nowMs);
  return { ...status, conditions: [...(status.conditions ?? []), made] };
}

/** The last status of a Job; undefined while Pods of it are still at work, going or uncounted. */
export function finalStatus(status: JobStatus, verdict: Verdict, nowMs: number): JobStatus | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (succeeded.length + failed.length > 0) return undefined;
  if ((status.active ?? 0) > 0 || (status.terminating ?? 0) > 0) return undefined;
  const type = verdict.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed';
  const made = condition(type, 'True', verdict.reason, verdict.message, nowMs);
  const next = withCondition(status, made);
  if (type === 'Complete') next.completionTime = formatTime(nowMs);
  return next;
}

/** The condition Suspended as it should be, or undefined when it is so: one that says no begins with one that said yes. */
export function suspendedCondition(job: Job, status: JobStatus, nowMs: number): JobCondition | undefined {
  const present = status.conditions?.find(({ type }) => type === 'Suspended');
  const suspended = job.spec?.suspend === true;
  if (present === undefined && !suspended) return undefined;
  const made = suspended
    ? condition('Suspended', 'True', 'JobSuspended', 'Job suspended', nowMs)
    : condition('Suspended', 'False', 'JobResumed', 'Job resumed', nowMs);
  const { status: is, reason, message } = made;
  return present?.status === is && present.reason === reason && present.message === message
    ? undefined
    : made;
}

export function withCondition(status: JobStatus, made: JobCondition): JobStatus {
  const others = status.conditions ?? [];
  const known = others.some(({ type }) => type === made.type);
  return {
    ...status,
    conditions: known ? others.map((one) => (one.type === made.type ? made : one)) : [...others, made],
  };
}
