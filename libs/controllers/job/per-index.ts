import type { Job } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import { isPodFailed, matchPodFailurePolicy } from './failure-policy.ts';
import { completionIndex } from './indexes.ts';
import { hasFinalizer } from './pods.ts';

export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

function countOf(pod: Pod, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
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

/** The last failed Pod of each index that goes on: it stays to carry the count, until its successor is there. */
export function lastFailures(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  settled: (index: number) => boolean,
): Map<number, Pod> {
  const last = new Map<number, Pod>();
  const completions = job.spec?.completions ?? 0;
  for (const pod of pods) {
    const index = completionIndex(pod);
    if (index === undefined || index >= completions || settled(index)) continue;
    if (!hasFinalizer(pod) || !isPodFailed(pod, job)) continue;
    const known = last.get(index);
    if (known === undefined || total(known) <= total(pod)) last.set(index, pod);
  }
  for (const pod of active) {
    const index = completionIndex(pod);
    const known = index === undefined ? undefined : last.get(index);
    if (index !== undefined && known !== undefined && total(pod) > total(known)) last.delete(index);
  }
  return last;
}
