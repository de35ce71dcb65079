import { parseTime } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';

const firstMs = 10_000;
const longestMs = 600_000;

/** Failures since the last success of a Job. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureMs: number | undefined;
}

export const noFailures: BackoffRecord = { failures: 0, lastFailureMs: undefined };

/** When a Pod finished: the last end of a container, else when it turned not ready, was to go, or now. */
export function finishedAtMs(pod: Pod, nowMs: number): number {
  let latest: number | undefined;
  for (const { state } of pod.status?.containerStatuses ?? []) {
    const at = state?.terminated?.finishedAt;
    if (at === undefined) {
      latest = undefined;
      break;
    }
    latest = Math.max(latest ?? 0, parseTime(at));
  }
  if (latest !== undefined) return latest;
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime) return parseTime(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionTimestamp !== undefined)
    return Math.min(nowMs, parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000);
  return nowMs;
}

/** The record after Pods that have newly succeeded or failed; a success wipes out what failed before it. */
export function nextRecord(
  record: BackoffRecord,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
  nowMs: number,
): BackoffRecord {
  const lastSuccessMs = succeeded.reduce((last, pod) => Math.max(last, finishedAtMs(pod, nowMs)), -Infinity);
  let { failures, lastFailureMs } = record;
  if (succeeded.length > 0 && lastSuccessMs >= (lastFailureMs ?? -Infinity)) {
    failures = 0;
    lastFailureMs = undefined;
  }
  for (const pod of failed) {
    const at = finishedAtMs(pod, nowMs);
    if (at < lastSuccessMs) continue;
    failures++;
    lastFailureMs = Math.max(lastFailureMs ?? at, at);
  }
  return { failures, lastFailureMs };
}

/** How long until the next Pod may be made: 10 s after the first failure, doubling to 10 minutes. */
export function remainingMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0 || lastFailureMs === undefined) return 0;
  const delayMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs);
  return Math.max(0, lastFailureMs + delayMs - nowMs);
}
