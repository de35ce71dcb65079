import { formatTime, parseTime } from '@drydock/base/apimachinery';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@drydock/api/apps/v1';

/** Reasons of conditions, as Kubernetes has them. */
export const reasons = {
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
  foundNewReplicaSet: 'FoundNewReplicaSet',
  newReplicaSet: 'NewReplicaSetCreated',
  replicaSetCreateError: 'ReplicaSetCreateError',
  newReplicaSetAvailable: 'NewReplicaSetAvailable',
  replicaSetUpdated: 'ReplicaSetUpdated',
  timedOut: 'ProgressDeadlineExceeded',
  minimumAvailable: 'MinimumReplicasAvailable',
  minimumUnavailable: 'MinimumReplicasUnavailable',
} as const;

export function conditionOf(
  status: DeploymentStatus | undefined,
  type: string,
): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function newCondition(
  type: 'Available' | 'Progressing' | 'ReplicaFailure',
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = formatTime(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** Sets a condition in place. One with the same status and reason stays as it is; the same status keeps its transition time. */
export function setCondition(status: DeploymentStatus, condition: DeploymentCondition): void {
  const current = conditionOf(status, condition.type ?? '');
  if (current && current.status === condition.status && current.reason === condition.reason) return;
  const next = { ...condition };
  if (current && current.status === condition.status && current.lastTransitionTime !== undefined) {
    next.lastTransitionTime = current.lastTransitionTime;
  }
  status.conditions = [...(status.conditions ?? []).filter((one) => one.type !== condition.type), next];
}

export function removeCondition(status: DeploymentStatus, type: string): void {
  const left = status.conditions?.filter((condition) => condition.type !== type);
  if (left) status.conditions = left;
}

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 2147483647;
}

/** When the deadline passes, counted from the last progress; undefined when none is running. */
export function deadlineMs(
  deployment: Deployment,
  condition: DeploymentCondition | undefined,
): number | undefined {
  if (!hasProgressDeadline(deployment) || !condition?.lastUpdateTime) return undefined;
  return parseTime(condition.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

/** Failures of the new ReplicaSet, or else of any, as conditions of the Deployment. */
export function replicaFailure(
  all: readonly ReplicaSet[],
  newReplicaSet: ReplicaSet | undefined,
): DeploymentCondition | undefined {
  for (const replicaSet of newReplicaSet ? [newReplicaSet, ...all] : all) {
    const failed = replicaSet.status?.conditions?.find((condition) => condition.type === 'ReplicaFailure');
    if (!failed) continue;
    const { type, status, lastTransitionTime, reason, message } = failed;
    const condition: DeploymentCondition = { type: type ?? '', status: status ?? '' };
    if (lastTransitionTime !== undefined) {
      condition.lastTransitionTime = lastTransitionTime;
      condition.lastUpdateTime = lastTransitionTime;
    }
    if (reason !== undefined) condition.reason = reason;
    if (message !== undefined) condition.message = message;
    return condition;
  }
  return undefined;
}
