import type { AdmissionPlugin } from './types.ts';

/** By group and resource. */
const finalizers: Readonly<Record<string, string>> = {
  '/persistentvolumeclaims': 'kubernetes.io/pvc-protection',
  '/persistentvolumes': 'kubernetes.io/pv-protection',
  'storage.k8s.io/volumeattributesclasses': 'kubernetes.io/vac-protection',
};

/** Kubernetes' StorageObjectInUseProtection: what others use stays until nothing uses it. Controllers let it go. */
export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    handles: ({ group, resource }, subresource, operation) =>
      finalizers[`${group}/${resource}`] !== undefined && subresource === '' && operation === 'CREATE',
    admit({ object: { metadata }, definition: { group, resource } }) {
      const finalizer = finalizers[`${group}/${resource}`]!;
      if (metadata.finalizers?.includes(finalizer) !== true)
        metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    },
  };
}
