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
  if (volume.metadata.deletionTimestamp) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (compareQuantities(sizeOf(volume), wanted(claim)) < 0) return 'requested PV is too small';
  if (classOf(claim) !== classOf(volume)) return 'storageClassName does not match';
  if (attributesOf(claim) !== attributesOf(volume)) return 'volumeAttributesClassName does not match';
  if (modeOf(claim) !== modeOf(volume)) return 'incompatible volumeMode';
  return offersModes(volume, claim) ? undefined : 'incompatible accessMode';
}

/**
 * The volume for a claim that names none. Volumes that offer the fewest access modes are looked at first; among those of
 * as many, one that was meant for the claim, or else the smallest that will do. With `delayed` only the former, for the
 * scheduler has a say in the rest.
 */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const selector = claim.spec?.selector && selectorFromLabelSelector(claim.spec.selector);
  const fitting = volumes.filter(
    (volume) =>
      (volume.spec?.claimRef === undefined || isMeantFor(volume, claim)) &&
      compareQuantities(sizeOf(volume), wanted(claim)) >= 0 &&
      attributesOf(volume) === attributesOf(claim) &&
      modeOf(volume) === modeOf(claim) &&
      !volume.metadata.deletionTimestamp &&
      offersModes(volume, claim),
  );
  fitting.sort(
    (a, b) =>
      compareQuantities(sizeOf(a), sizeOf(b)) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  );
  const modesOf = (volume: PersistentVolume) => new Set(volume.spec?.accessModes).size;
  for (const modes of [...new Set(fitting.map(modesOf))].sort((a, b) => a - b)) {
    const group = fitting.filter((volume) => modesOf(volume) === modes);
    const free = (volume: PersistentVolume) =>
      volume.status?.phase === 'Available' &&
      classOf(volume) === classOf(claim) &&
      (selector === undefined || selector.matches(volume.metadata.labels));
    const found =
      group.find((volume) => isMeantFor(volume, claim)) ?? (delayed ? undefined : group.find(free));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a volume and a claim are of one mode: file system or block device. */
export function sameVolumeMode(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return modeOf(volume) === modeOf(claim);
}
