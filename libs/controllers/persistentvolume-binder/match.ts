import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { compareQuantities, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import { classOf } from '../shared-volumes/index.ts';

const modeOf = (object: PersistentVolume | PersistentVolumeClaim) => object.spec?.volumeMode ?? 'Filesystem';
const sizeOf = (volume: PersistentVolume) => volume.spec?.capacity?.['storage'] ?? '0';
const wanted = (claim: PersistentVolumeClaim) => claim.spec?.resources?.requests?.['storage'] ?? '0';
const attributesOf = (object: PersistentVolume | PersistentVolumeClaim) =>
  object.spec?.volumeAttributesClassName ?? '';

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode));
}

/** Whether a volume says that it is for the claim: by name, and by uid where it has one. */
export function isMeantFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  return (
    reference !== undefined &&
    reference.name === claim.metadata.name &&
    reference.namespace === claim.metadata.namespace &&
    (!reference.uid || reference.uid === claim.metadata.uid)
  );
}

/** Why a volume that a claim asks for by name does not do; undefined when it does. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(sizeOf(volume), wanted(claim)) < 0) return 'requested PV is too small';
  if (classOf(claim) !== classOf(volume)) return 'storageClassName does not match';
  if (attributesOf(claim) !== attributesOf(volume)) return 'volumeAttributesClassName does not match';
  if (modeOf(claim) !== modeOf(volume)) return 'incompatible volumeMode';
  return offersModes(volume, claim) ? undefined : 'incompatible accessMode';
}

/**
 * The volume for a claim that names none: one that was meant for it, or else the smallest that will do. With `delayed`
 * only the first, for the scheduler has a say in the rest.
 */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const selector = claim.spec?.selector && selectorFromLabelSelector(claim.spec.selector);
  const sorted = volumes
    .filter((volume) => modeOf(volume) === modeOf(claim) && offersModes(volume, claim))
    .sort(
      (a, b) =>
        compareQuantities(sizeOf(a), sizeOf(b)) ||
        ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
    );
  const large = sorted.filter((volume) => compareQuantities(sizeOf(volume), wanted(claim)) >= 0);
  const meant = large.find((volume) => isMeantFor(volume, claim));
  if (meant !== undefined || delayed) return meant;
  return large.find(
    (volume) =>
      volume.spec?.claimRef === undefined &&
      volume.status?.phase === 'Available' &&
      !volume.metadata.deletionTimestamp &&
      attributesOf(volume) === attributesOf(claim) &&
      classOf(volume) === classOf(claim) &&
      (selector === undefined || selector.matches(volume.metadata.labels)),
  );
}
