import type { Pod, PodStatus } from '@drydock/api/core/v1';

/** The part of a Pod's status that says why the control plane ends it (KEP-3329), for a strategic merge patch. */
export function disruptionTarget(pod: Pod, reason: string, message: string, now: string): PodStatus {
  const { generation } = pod.metadata;
  const before = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  const lastTransitionTime = before?.status === 'True' ? before.lastTransitionTime : now;
  return {
    conditions: [
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason,
        message,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        ...(lastTransitionTime ? { lastTransitionTime } : {}),
      },
    ],
  };
}

/** The buckets of how many seconds after its time an eviction is done. */
export const deletionBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];
