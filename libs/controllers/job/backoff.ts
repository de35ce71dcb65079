import { parseTime } from '@drydock/base/apimachinery';
import type { ContainerStatus, Pod } from '@drydock/api/core/v1';

const firstMs = 10_000;
const longestMs = 600_000;

/** Failures since the last success of a Job. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureMs: number | undefined;
}

export const noFailures: BackoffRecord = { failures: 0, lastFailureMs: undefined };

/** The last end of these containers; undefined when one has not ended, or there is none. */
function lastEndMs(statuses: readonly ContainerStatus[], before?: number): number | undefined {
  let latest = before;
  for (const { state } of statuses) {
    const at = state?.terminated?.finishedAt;
    if (at === undefined) return undefined;
    latest = Math.max(latest ?? -Infinity, parseTime(at));
  }
  return latest;
}

/**
 * When a Pod finished: the last end of a container (sidecars end after the others), else when it turned not ready, when
 * its deletion was asked for, or when it was made.
 */
export function finishedAtMs(pod: Pod): number {
  const { containerStatuses = [], initContainerStatuses = [], conditions } = pod.status ?? {};
  const sidecars = pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const isSidecar = (status: ContainerStatus) => sidecars?.some(({ name }) => name === status.name) === true;
  const ended = lastEndMs(initContainerStatuses.filter(isSidecar), lastEndMs(containerStatuses));
  if (ended !== undefined) return ended;
  const ready = conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime) return parseTime(ready.lastTransitionTime);
  const { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionTimestamp) return parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return creationTimestamp ? parseTime(creationTimestamp) : 0;
}

/** The record after Pods that have newly succeeded or failed; a success wipes out what failed before it. */
export function nextRecord(
  record: BackoffRecord,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): BackoffRecord {
  const lastSuccessMs = succeeded.reduce((last, pod) => Math.max(last, finishedAtMs(pod)), -Infinity);
  const later = failed.map(finishedAtMs).filter((at) => at > lastSuccessMs);
  const before = succeeded.length > 0 ? noFailures : record;
  if (later.length === 0) return before;
  return { failures: before.failures + later.length, lastFailureMs: Math.max(...later) };
}

/** How long until the next Pod may be made: 10 s after the first failure, doubling to 10 minutes. */
export function remainingMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0 || lastFailureMs === undefined) return 0;
  const delayMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs);
  return Math.max(0, lastFailureMs + delayMs - nowMs);
}
