import type { Deployment } from '@drydock/api/apps/v1';
import { scaledValue } from '../shared/index.ts';

export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec.replicas ?? 1;
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** Surge rounds up and unavailability down; where both come out as 0, one Pod may be unavailable, or nothing would move. */
export function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const desired = desiredReplicas(deployment);
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const surge = scaledValue(rolling?.maxSurge, desired, true);
  const unavailable = scaledValue(rolling?.maxUnavailable, desired, false);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Pods allowed above the desired number; 0 for Recreate. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

/** Pods allowed to be missing; 0 for Recreate. */
export function maxUnavailable(deployment: Deployment): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment) || desired === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, desired);
}
