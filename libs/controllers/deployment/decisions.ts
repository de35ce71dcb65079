import type { Deployment, ReplicaSet } from '@drydock/api/apps/v1';
import { desiredOf, maxReplicasOf } from './annotations.ts';
import { desiredReplicas, isRollingUpdate, maxSurge, maxUnavailable } from './fenceposts.ts';
import {
  activeOrLatest,
  byAge,
  bySizeNewer,
  bySizeOlder,
  replicasOf,
  sumReplicas,
  sumStatus,
  withReplicas,
} from './replica-sets.ts';

/** A ReplicaSet and the size it shall have. */
export interface Resize {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/** How large the new ReplicaSet may be now, given all that exist. `current` is its present size (0 before it exists). */
export function newReplicaSetSize(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: number,
): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment)) return desired;
  const room = desired + maxSurge(deployment) - sumReplicas(all);
  if (room <= 0) return current;
  return current + Math.min(room, desired - current);
}

/** RollingUpdate, first half: the size the new ReplicaSet takes in this step. */
export function growNew(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newReplicaSet: ReplicaSet,
): number {
  const desired = desiredReplicas(deployment);
  const current = replicasOf(newReplicaSet);
  if (current >= desired) return desired;
  return newReplicaSetSize(deployment, all, current);
}

/**
 * RollingUpdate, second half: how far the old ReplicaSets shrink in this step. Pods that are not available go first, as
 * nothing is lost with them; then as many available ones as may be missing.
 */
export function shrinkOld(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  newReplicaSet: ReplicaSet,
): Resize[] {
  const all = [...old, newReplicaSet];
  if (sumReplicas(old) === 0) return [];
  const minAvailable = desiredReplicas(deployment) - maxUnavailable(deployment);
  const newUnavailable = replicasOf(newReplicaSet) - (newReplicaSet.status?.availableReplicas ?? 0);
  const mayGo = sumReplicas(all) - minAvailable - newUnavailable;
  if (mayGo <= 0) return [];

  const sorted = [...old].sort(byAge);
  const sizes = new Map(sorted.map((one) => [one, replicasOf(one)]));
  let left = mayGo;
  for (const one of sorted) {
    const size = replicasOf(one);
    const unhealthy = Math.max(0, size - (one.status?.availableReplicas ?? 0));
    const gone = Math.min(left, unhealthy);
    sizes.set(one, size - gone);
    left -= gone;
  }
  let spare = Math.max(0, sumStatus(all, 'availableReplicas') - minAvailable);
  for (const one of sorted) {
    const size = sizes.get(one) ?? 0;
    const gone = Math.min(spare, size);
    sizes.set(one, size - gone);
    spare -= gone;
  }
  return sorted
    .map((replicaSet) => ({ replicaSet, replicas: sizes.get(replicaSet) ?? 0 }))
    .filter(({ replicaSet, replicas }) => replicas !== replicasOf(replicaSet));
}

/** Whether the new ReplicaSet alone carries the whole Deployment. */
export function isSaturated(deployment: Deployment, replicaSet: ReplicaSet | undefined): boolean {
  if (!replicaSet) return false;
  const desired = desiredReplicas(deployment);
  return (
    replicasOf(replicaSet) === desired &&
    desiredOf(replicaSet) === desired &&
    (replicaSet.status?.availableReplicas ?? 0) === desired
  );
}

/**
 * Sizes after the Deployment was scaled. One ReplicaSet with Pods takes it all; in the middle of a rollout each takes its
 * share, the largest the rest. `annotate` is true where the size annotations are to be brought up to date even though
 * the size stays.
 */
export function scaleSizes(
  deployment: Deployment,
  newReplicaSet: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): (Resize & { annotate: boolean })[] {
  const desired = desiredReplicas(deployment);
  const single = activeOrLatest(newReplicaSet, old);
  if (single) {
    return replicasOf(single) === desired ? [] : [{ replicaSet: single, replicas: desired, annotate: false }];
  }
  if (isSaturated(deployment, newReplicaSet)) {
    return withReplicas([...old].sort(byAge)).map((replicaSet) => ({
      replicaSet,
      replicas: 0,
      annotate: false,
    }));
  }
  if (!isRollingUpdate(deployment)) return [];
  const all = withReplicas(newReplicaSet ? [...old, newReplicaSet] : old);
  return proportions(deployment, all).map((resize) => ({ ...resize, annotate: true }));
}

/** Spreads what is to be added (or taken) over all ReplicaSets in proportion to their size. */
export function proportions(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Resize[] {
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const toAdd = allowed - sumReplicas(replicaSets);
  if (toAdd === 0) return replicaSets.map((replicaSet) => ({ replicaSet, replicas: replicasOf(replicaSet) }));
  const sorted = [...replicaSets].sort(toAdd > 0 ? bySizeNewer : bySizeOlder);
  let added = 0;
  const sizes = sorted.map((replicaSet) => {
    const left = toAdd - added;
    const share = fraction(deployment, replicaSet);
    const part = left === 0 ? 0 : toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    added += part;
    return replicasOf(replicaSet) + part;
  });
  sizes[0] = Math.max(0, (sizes[0] ?? 0) + toAdd - added);
  return sorted.map((replicaSet, index) => ({ replicaSet, replicas: sizes[index] ?? 0 }));
}

/** By how much one ReplicaSet grows (or shrinks) when it keeps its part of the whole. */
function fraction(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = replicasOf(replicaSet);
  const desired = desiredReplicas(deployment);
  if (desired === 0) return -size;
  const before = maxReplicasOf(replicaSet) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  // Halves are rounded up: sizes are never negative.
  return Math.floor((size * (desired + maxSurge(deployment))) / before + 0.5) - size;
}

/** Old ReplicaSets that revisionHistoryLimit no longer keeps: the lowest revisions, and only those that are at rest. */
export function beyondHistory(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  compare: (a: ReplicaSet, b: ReplicaSet) => number,
): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2147483647) return [];
  const alive = old.filter((one) => !one.metadata.deletionTimestamp);
  const surplus = alive.length - limit;
  if (surplus <= 0) return [];
  return alive
    .sort(compare)
    .slice(0, surplus)
    .filter(
      (one) =>
        (one.status?.replicas ?? 0) === 0 &&
        replicasOf(one) === 0 &&
        (one.metadata.generation ?? 0) <= (one.status?.observedGeneration ?? 0),
    );
}
