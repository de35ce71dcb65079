import type { Deployment, DeploymentStatus, ReplicaSet } from '@drydock/api/apps/v1';
import { omitZeros } from '../shared/index.ts';
import {
  conditionOf,
  deadlineMs,
  hasProgressDeadline,
  newCondition,
  reasons,
  removeCondition,
  replicaFailure,
  setCondition,
} from './conditions.ts';
import { desiredReplicas, maxUnavailable } from './fenceposts.ts';
import { sumReplicas, sumStatus } from './replica-sets.ts';

/** Counts and the Available condition. */
export function deploymentStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newReplicaSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const available = sumStatus(all, 'availableReplicas');
  const { generation } = deployment.metadata;
  const { collisionCount, conditions } = deployment.status ?? {};
  const counts: DeploymentStatus = {
    replicas: sumStatus(all, 'replicas'),
    updatedReplicas: newReplicaSet?.status?.replicas ?? 0,
    readyReplicas: sumStatus(all, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumReplicas(all) - available),
    terminatingReplicas: sumStatus(all, 'terminatingReplicas'),
  };
  const status = omitZeros(counts, ['terminatingReplicas']);
  if (generation !== undefined) status.observedGeneration = generation;
  if (collisionCount !== undefined) status.collisionCount = collisionCount;
  if (conditions) status.conditions = [...conditions];
  const enough = available >= desiredReplicas(deployment) - maxUnavailable(deployment);
  setCondition(
    status,
    enough
      ? newCondition(
          'Available',
          'True',
          reasons.minimumAvailable,
          'Deployment has minimum availability.',
          nowMs,
        )
      : newCondition(
          'Available',
          'False',
          reasons.minimumUnavailable,
          'Deployment does not have minimum availability.',
          nowMs,
        ),
  );
  return status;
}

/** The status during a rollout: counts, Available, Progressing and ReplicaFailure. */
export function rolloutStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newReplicaSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const status = deploymentStatus(deployment, all, newReplicaSet, nowMs);
  if (!hasProgressDeadline(deployment)) removeCondition(status, 'Progressing');
  else setProgress(deployment, status, newReplicaSet, nowMs);
  const failure = replicaFailure(all, newReplicaSet);
  if (failure) setCondition(status, failure);
  else removeCondition(status, 'ReplicaFailure');
  return status;
}

function setProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  newReplicaSet: ReplicaSet | undefined,
  nowMs: number,
): void {
  const current = conditionOf(deployment.status, 'Progressing');
  // A rollout that was completed stays so: scaling it is not progress.
  if (status.replicas === status.updatedReplicas && current?.reason === reasons.newReplicaSetAvailable)
    return;
  const subject = newReplicaSet
    ? `ReplicaSet "${newReplicaSet.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const progressing = (state: 'True' | 'False', reason: string, what: string) =>
    newCondition('Progressing', state, reason, `${subject} ${what}`, nowMs);

  if (isComplete(deployment, status)) {
    setCondition(status, progressing('True', reasons.newReplicaSetAvailable, 'has successfully progressed.'));
  } else if (hasProgressed(deployment.status, status)) {
    const condition = progressing('True', reasons.replicaSetUpdated, 'is progressing.');
    if (current?.status === 'True' && current.lastTransitionTime !== undefined) {
      condition.lastTransitionTime = current.lastTransitionTime;
    }
    // Removed first, so that lastUpdateTime moves on even where status and reason stay.
    if (current) removeCondition(status, 'Progressing');
    setCondition(status, condition);
  } else if (isTimedOut(deployment, status, nowMs)) {
    setCondition(status, progressing('False', reasons.timedOut, 'has timed out progressing.'));
  }
}

/** All Pods are of the new template and available, and nothing else is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const desired = desiredReplicas(deployment);
  return (
    (status?.updatedReplicas ?? 0) === desired &&
    (status?.replicas ?? 0) === desired &&
    (status?.availableReplicas ?? 0) === desired &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** More new Pods, fewer old ones, or more that are ready or available than before. */
export function hasProgressed(before: DeploymentStatus | undefined, now: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus | undefined) =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  const more = (field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') =>
    (now[field] ?? 0) > (before?.[field] ?? 0);
  return (
    more('updatedReplicas') || old(now) < old(before) || more('readyReplicas') || more('availableReplicas')
  );
}

export function isTimedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = conditionOf(status, 'Progressing');
  if (!condition || condition.reason === reasons.newReplicaSetAvailable) return false;
  if (condition.reason === reasons.timedOut) return true;
  const deadline = deadlineMs(deployment, condition);
  return deadline !== undefined && nowMs > deadline;
}

/** How long until the progress deadline must be looked at; undefined when there is nothing to wait for. */
export function deadlineCheckInMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const current = conditionOf(deployment.status, 'Progressing');
  if (!current || isComplete(deployment, status) || current.reason === reasons.timedOut) return undefined;
  const deadline = deadlineMs(deployment, current);
  // A second more, as the condition tells its time in whole seconds.
  return deadline === undefined ? undefined : Math.max(deadline - nowMs, 0) + 1000;
}
