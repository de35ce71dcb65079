import type { Pod, PodStatus } from '@drydock/api/core/v1';
import { observed } from '@drydock/base/apimachinery';

/** The part of a Pod's status that says why the control plane ends it (KEP-3329), for a strategic merge patch. */
export function disruptionTarget(pod: Pod, reason: string, message: string, now: string): PodStatus {
  const before = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  const lastTransitionTime = before?.status === 'True' ? before.lastTransitionTime : now;
  return {
    conditions: [
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason,
        message,
        ...observed(pod),
        ...(lastTransitionTime ? { lastTransitionTime } : {}),
      },
    ],
  };
}
