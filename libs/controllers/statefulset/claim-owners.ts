import type { KubeObject, OwnerReference, ResourceType } from '@drydock/base/apimachinery';
import { StatefulSet } from '@drydock/api/apps/v1';
import { Pod, type PersistentVolumeClaim } from '@drydock/api/core/v1';
import { controllerReference } from '@drydock/machinery/controller';
import { inOrdinalRange, ordinalOf } from './pods.ts';

interface Retention {
  readonly whenDeleted: boolean;
  readonly whenScaled: boolean;
}

/** What deletes the claims of a set (KEP-1847); nothing where it does not say. */
function retention(set: StatefulSet): Retention {
  const policy = set.spec.persistentVolumeClaimRetentionPolicy;
  return { whenDeleted: policy?.whenDeleted === 'Delete', whenScaled: policy?.whenScaled === 'Delete' };
}

const references = (claim: PersistentVolumeClaim) => claim.metadata.ownerReferences ?? [];

/** Whether a reference names the object, be it of this uid or of an earlier one. */
function names(reference: OwnerReference, object: KubeObject, type: ResourceType): boolean {
  const { apiVersion } = controllerReference(object, type);
  return (
    reference.apiVersion === apiVersion &&
    reference.kind === type.kind &&
    reference.name === object.metadata.name
  );
}

function isStale(claim: PersistentVolumeClaim, object: KubeObject, type: ResourceType): boolean {
  const found = references(claim).find((reference) => names(reference, object, type));
  return found !== undefined && found.uid !== object.metadata.uid;
}

function ownedBy(claim: PersistentVolumeClaim, object: KubeObject): boolean {
  return references(claim).some(({ uid }) => uid === object.metadata.uid);
}

/** Whether somebody else manages the claim, though the set says what shall delete it. */
export function hasUnexpectedController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const { whenDeleted, whenScaled } = retention(set);
  if (!whenDeleted && !whenScaled) return false;
  return references(claim).some((reference) => {
    if (names(reference, set, StatefulSet)) return reference.uid !== set.metadata.uid;
    if (names(reference, pod, Pod)) return reference.uid !== pod.metadata.uid;
    return reference.controller === true;
  });
}

/** A claim that goes with an earlier Pod of the same name must not be used. Claims that outlive their Pods are never stale. */
export function isClaimStale(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  return retention(set).whenScaled && isStale(claim, pod, Pod);
}

/** The owners that the retention policy gives a claim: the set, the Pod that was scaled away, or neither. */
export function claimOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): OwnerReference[] {
  const others = references(claim).filter(
    (reference) => !names(reference, set, StatefulSet) && !names(reference, pod, Pod),
  );
  if (hasUnexpectedController(claim, set, pod)) return others;
  const { whenDeleted, whenScaled } = retention(set);
  const add = (owner: KubeObject, type: ResourceType) =>
    others.some(({ uid }) => uid === owner.metadata.uid)
      ? others
      : [...others, controllerReference(owner, type)];
  if (whenScaled && !inOrdinalRange(set, ordinalOf(pod))) return pod.metadata.uid ? add(pod, Pod) : others;
  return whenDeleted ? add(set, StatefulSet) : others;
}

/** Whether the claim has the owners that the policy asks for, or is not to be touched. */
export function ownersMatch(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  if (isStale(claim, set, StatefulSet) || isStale(claim, pod, Pod)) return true;
  const bySet = ownedBy(claim, set);
  const byPod = ownedBy(claim, pod);
  if (hasUnexpectedController(claim, set, pod)) return !bySet && !byPod;
  const idle = references(claim).some(
    ({ uid, controller }) => (uid === set.metadata.uid || uid === pod.metadata.uid) && controller !== true,
  );
  if (idle) return false;
  const { whenDeleted, whenScaled } = retention(set);
  const goesWithPod = whenScaled && !inOrdinalRange(set, ordinalOf(pod));
  return byPod === goesWithPod && bySet === (whenDeleted && !goesWithPod);
}
