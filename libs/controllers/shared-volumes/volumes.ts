import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';

export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
export const selectedNode = 'volume.kubernetes.io/selected-node';
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** Where nobody made a StorageClass and volumes are wanted all the same, this one is the default. */
export const simulatedProvisioner = 'simulated.drydock.dev';

export function classOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata.annotations?.[classAnnotation] ?? object.spec?.storageClassName ?? '';
}

/** Keys of the claims that a Pod's volumes name, those of its ephemeral volumes included. */
export function claimKeys(pod: Pod): string[] {
  const { namespace = '', name = '' } = pod.metadata;
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim !== undefined)
      return [`${namespace}/${volume.persistentVolumeClaim.claimName ?? ''}`];
    return volume.ephemeral === undefined ? [] : [`${namespace}/${name}-${volume.name ?? ''}`];
  });
}

/** Index name and function: Pods by the keys of the claims that they use. */
export const byClaim = { name: 'claim', values: (pod: Pod): readonly string[] => claimKeys(pod) };

/** Index name and function: claims by the volume that they name. */
export const byVolume = {
  name: 'volume',
  values: (claim: PersistentVolumeClaim): readonly string[] =>
    claim.spec?.volumeName ? [claim.spec.volumeName] : [],
};
