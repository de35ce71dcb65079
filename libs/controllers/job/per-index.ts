import type { Job } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import { finishedAtMs } from './backoff.ts';
import { isPodFailed, matchPodFailurePolicy } from './failure-policy.ts';
import { completionIndex } from './indexes.ts';

export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

function countOf(pod: Pod, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation];
  const count = text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
  return count > 0x7fffffff ? 0 : count;
}

const total = (pod: Pod) => countOf(pod, failureCountAnnotation) + countOf(pod, ignoredCountAnnotation);

/** The counts that the Pod after `failed` carries. */
export function nextCounts(job: Job, failed: Pod | undefined): { failures: number; ignored: number } {
  if (failed === undefined) return { failures: 0, ignored: 0 };
  const failures = countOf(failed, failureCountAnnotation);
  const ignored = countOf(failed, ignoredCountAnnotation);
  const counts = matchPodFailurePolicy(job.spec?.podFailurePolicy, failed).countFailed;
  return counts ? { failures: failures + 1, ignored } : { failures, ignored: ignored + 1 };
}

/** Whether a Pod means the end of its index. */
export function failsIndex(job: Job, pod: Pod): boolean {
  if (!isPodFailed(pod, job)) return false;
  const { action, countFailed } = matchPodFailurePolicy(job.spec?.podFailurePolicy, pod);
  if (action === 'FailIndex') return true;
  return countFailed && countOf(pod, failureCountAnnotation) >= (job.spec?.backoffLimitPerIndex ?? Infinity);
}

/**
 * The last failed Pod of each index that goes on: it stays to carry the count, until its successor is there.
 * @param pods those that have their finalizer still
 */
export function lastFailures(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  settled: (index: number) => boolean,
): Map<number, Pod> {
  const last = new Map<number, Pod>();
  const completions = job.spec?.completions ?? 0;
  const busy = new Set(active.map(completionIndex));
  for (const pod of pods) {
    const index = completionIndex(pod);
    if (index === undefined || index >= completions || busy.has(index) || settled(index)) continue;
    if (!isPodFailed(pod, job)) continue;
    const known = last.get(index);
    const later = known === undefined || finishedAtMs(known) <= finishedAtMs(pod);
    if (known === undefined || (later && total(known) <= total(pod))) last.set(index, pod);
  }
  return last;
}
