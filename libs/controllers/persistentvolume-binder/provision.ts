import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { StorageClass } from '@drydock/api/storage/v1';
import { provisionedBy, simulatedProvisioner } from '../shared-volumes/index.ts';

/** Provisioners that are played here: ours, and those of the clusters on a laptop whose manifests people have at hand. */
export const simulatedProvisioners: readonly string[] = [
  simulatedProvisioner,
  'rancher.io/local-path',
  'k8s.io/minikube-hostpath',
  'hostpath.csi.k8s.io',
];

export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
export const betaStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner';

/** Every attempt gives the same name, so that a claim never gets two volumes. */
export function volumeNameFor(claim: PersistentVolumeClaim): string {
  return `pvc-${claim.metadata.uid}`;
}

export function claimReference(claim: PersistentVolumeClaim) {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = claim.metadata;
  return { kind: 'PersistentVolumeClaim', apiVersion: 'v1', name, namespace, uid, resourceVersion };
}

/** The volume that a simulated provisioner makes for a claim. */
export function simulatedVolume(claim: PersistentVolumeClaim, storageClass: StorageClass): PersistentVolume {
  const { provisioner, reclaimPolicy, mountOptions } = storageClass;
  const name = volumeNameFor(claim);
  return {
    metadata: { name, annotations: { [provisionedBy]: provisioner } },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      claimRef: claimReference(claim),
      csi: {
        driver: simulatedProvisioner,
        volumeHandle: name,
        ...(storageClass.parameters === undefined ? {} : { volumeAttributes: storageClass.parameters }),
      },
      persistentVolumeReclaimPolicy: reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name ?? '',
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      ...(mountOptions === undefined ? {} : { mountOptions }),
      ...(claim.spec?.volumeAttributesClassName
        ? { volumeAttributesClassName: claim.spec.volumeAttributesClassName }
        : {}),
    },
  };
}

export type Reclaim =
  | { readonly kind: 'keep' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'fail'; readonly reason: string; readonly message: string };

/** What becomes of a volume whose claim is gone. */
export function reclaim(volume: PersistentVolume): Reclaim {
  const { spec, metadata } = volume;
  const provisioner = metadata.annotations?.[provisionedBy];
  switch (spec?.persistentVolumeReclaimPolicy ?? 'Retain') {
    case 'Delete': {
      if (provisioner !== undefined && simulatedProvisioners.includes(provisioner)) return { kind: 'delete' };
      // Who made it deletes it.
      if (provisioner !== undefined || spec?.csi !== undefined) return { kind: 'keep' };
      if (spec?.hostPath === undefined)
        return {
          kind: 'fail',
          reason: 'VolumeFailedDelete',
          message: `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched`,
        };
      if (/^\/tmp\/.+/.test(spec.hostPath.path ?? '')) return { kind: 'delete' };
      return {
        kind: 'fail',
        reason: 'VolumeFailedDelete',
        message: `host_path deleter only supports /tmp/.+ but received provided ${spec.hostPath.path ?? ''}`,
      };
    }
    case 'Recycle':
      return {
        kind: 'fail',
        reason: 'VolumeFailedRecycle',
        message: 'No recycler plugin found for the volume!',
      };
    default:
      return { kind: 'keep' };
  }
}
