import type { AdmissionPlugin } from './types.ts';

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
};

/** Kubernetes' StorageObjectInUseProtection: volumes and claims stay until nothing uses them. A controller lets them go. */
export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    handles: ({ group, resource }, subresource, operation) =>
      group === '' && finalizers[resource] !== undefined && subresource === '' && operation === 'CREATE',
    admit({ object: { metadata }, definition }) {
      const finalizer = finalizers[definition.resource]!;
      if (metadata.finalizers?.includes(finalizer) !== true)
        metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    },
  };
}
