import type { KubeObject, OwnerReference } from '@drydock/base/apimachinery';
import { StatefulSet } from '@drydock/api/apps/v1';
import { Pod, type PersistentVolumeClaim } from '@drydock/api/core/v1';
import { controllerReference } from '@drydock/machinery/controller';
import { inOrdinalRange, ordinalOf } from './pods.ts';

/** Whether somebody else manages the claim: its owners are then left alone. */
export function hasUnexpectedController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  return (claim.metadata.ownerReferences ?? []).some(
    ({ controller, uid }) => controller === true && uid !== set.metadata.uid && uid !== pod.metadata.uid,
  );
}

/** A claim that belongs to an earlier Pod of the same name is on its way out and must not be used. */
export function isClaimStale(claim: PersistentVolumeClaim, pod: Pod): boolean {
  return (claim.metadata.ownerReferences ?? []).some(
    (owner) =>
      owner.kind === Pod.kind &&
      owner.apiVersion === 'v1' &&
      owner.name === pod.metadata.name &&
      owner.uid !== pod.metadata.uid,
  );
}

/** The owners that the retention policy gives a claim (KEP-1847): the set, the Pod that was scaled away, or nobody. */
export function claimOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): OwnerReference[] {
  const present = claim.metadata.ownerReferences ?? [];
  if (hasUnexpectedController(claim, set, pod)) return present;
  const policy = set.spec.persistentVolumeClaimRetentionPolicy;
  const whenDeleted = policy?.whenDeleted === 'Delete';
  const condemned = policy?.whenScaled === 'Delete' && !inOrdinalRange(set, ordinalOf(pod));
  const others = present.filter(({ uid }) => uid !== set.metadata.uid && uid !== pod.metadata.uid);
  const reference = (owner: KubeObject, type: typeof StatefulSet | typeof Pod) =>
    controllerReference(owner, type);
  if (condemned) return pod.metadata.uid ? [...others, reference(pod, Pod)] : others;
  return whenDeleted ? [...others, reference(set, StatefulSet)] : others;
}

export function ownersMatch(claim: PersistentVolumeClaim, wanted: readonly OwnerReference[]): boolean {
  const present = claim.metadata.ownerReferences ?? [];
  return (
    present.length === wanted.length &&
    wanted.every((owner) =>
      present.some(({ uid, controller }) => uid === owner.uid && controller === owner.controller),
    )
  );
}
