import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import type { StorageClass } from '@drydock/api/storage/v1';
import { ephemeralClaimName } from '../framework/index.ts';
import type { Listers } from './listers.ts';

/** The name of a claim's or a volume's class; the old annotation counts too. */
export function classNameOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
}

/** Whether a claim waits for its first Pod before it is bound. */
export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer';

/** Whether a claim is bound for good. */
export function isBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (
    (spec?.volumeName ?? '') !== '' && metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined
  );
}

/** Names of the claims that a Pod's volumes name themselves; those of generic ephemeral volumes left out. */
export function namedClaims({ spec }: Pod): string[] {
  const names: string[] = [];
  for (const { persistentVolumeClaim } of spec?.volumes ?? [])
    if (persistentVolumeClaim !== undefined) names.push(persistentVolumeClaim.claimName);
  return names;
}

/** Says so when the claim of a generic ephemeral volume belongs to another Pod. */
export function notOwner(pod: Pod, { metadata }: PersistentVolumeClaim): string | undefined {
  const owned = metadata.ownerReferences?.some(
    ({ uid, controller }) => controller === true && uid === pod.metadata.uid,
  );
  if (owned === true) return undefined;
  const { namespace = '', name = '' } = pod.metadata;
  return `PVC ${metadata.namespace ?? ''}/${metadata.name ?? ''} was not created for pod ${namespace}/${name} (pod is not owner)`;
}

/** The claims of a Pod that there are; or, in Kubernetes' words, why one cannot be used. */
export function claimsOf(
  pod: Pod,
  listers: Pick<Listers, 'claim'>,
): { claims: PersistentVolumeClaim[]; problem?: string } {
  const claims: PersistentVolumeClaim[] = [];
  const namespace = pod.metadata.namespace ?? '';
  for (const volume of pod.spec?.volumes ?? []) {
    const ephemeral = volume.ephemeral !== undefined;
    const name = ephemeral ? ephemeralClaimName(pod, volume.name) : volume.persistentVolumeClaim?.claimName;
    if (name === undefined) continue;
    const claim = listers.claim(namespace, name);
    if (claim === undefined) {
      return {
        claims,
        problem: ephemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${JSON.stringify(name)}`
          : `persistentvolumeclaim ${JSON.stringify(name)} not found`,
      };
    }
    if (claim.status?.phase === 'Lost') {
      return {
        claims,
        problem: `persistentvolumeclaim ${JSON.stringify(name)} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? '')}`,
      };
    }
    if (claim.metadata.deletionTimestamp !== undefined)
      return { claims, problem: `persistentvolumeclaim ${JSON.stringify(name)} is being deleted` };
    const foreign = ephemeral ? notOwner(pod, claim) : undefined;
    if (foreign !== undefined) return { claims, problem: foreign };
    claims.push(claim);
  }
  return { claims };
}
