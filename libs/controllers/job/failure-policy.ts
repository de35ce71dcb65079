import type { Job, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement } from '@drydock/api/batch/v1';
import type { ContainerStatus, Pod } from '@drydock/api/core/v1';

export interface FailureVerdict {
  /** Set for FailJob. */
  readonly message?: string;
  readonly countFailed: boolean;
  readonly action?: string;
}

function matchingContainer(
  pod: Pod,
  requirement: PodFailurePolicyOnExitCodesRequirement,
): ContainerStatus | undefined {
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return all.find(({ name, state }) => {
    if (requirement.containerName && requirement.containerName !== name) return false;
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0) return false;
    const listed = requirement.values.includes(code);
    return requirement.operator === 'In' ? listed : requirement.operator === 'NotIn' && !listed;
  });
}

/** The first rule of a Job's podFailurePolicy that a failed Pod meets. Without one the Pod counts. */
export function matchPodFailurePolicy(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  const { namespace, name } = pod.metadata;
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    let what: string | undefined;
    if (rule.onExitCodes !== undefined) {
      const container = matchingContainer(pod, rule.onExitCodes);
      if (container !== undefined) {
        const code = container.state?.terminated?.exitCode;
        what = `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${code}`;
      }
    } else {
      const condition = pod.status?.conditions?.find(({ type, status }) =>
        rule.onPodConditions?.some((one) => one.type === type && (one.status ?? 'True') === status),
      );
      if (condition !== undefined) what = `Pod ${namespace}/${name} has condition ${condition.type}`;
    }
    if (what === undefined) continue;
    switch (rule.action) {
      case 'Ignore':
        return { countFailed: false, action: 'Ignore' };
      case 'FailIndex':
      case 'Count':
        return { countFailed: true, action: rule.action };
      case 'FailJob':
        return {
          message: `${what} matching ${rule.action} rule at index ${index}`,
          countFailed: true,
          action: rule.action,
        };
    }
  }
  return { countFailed: true };
}

/** Pods are replaced only when they have failed for good, not when they begin to terminate. */
export function onlyReplacesFailed(job: Job): boolean {
  return job.spec?.podReplacementPolicy === 'Failed' || job.spec?.podFailurePolicy !== undefined;
}

/** Whether a Pod counts as failed: by phase or, unless only finished Pods are replaced, once it is being deleted. */
export function isPodFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (onlyReplacesFailed(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}
