import type { PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { StorageClass } from '@drydock/api/storage/v1';
import { compareQuantities, forbidden } from '@drydock/base/apimachinery';
import type { AdmissionPlugin } from './types.ts';

/** Kubernetes' PersistentVolumeClaimResize: only claims whose class says so become larger. */
export function claimResize(): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    handles: ({ group, resource }, subresource, operation) =>
      group === '' && resource === 'persistentvolumeclaims' && subresource === '' && operation === 'UPDATE',
    validate({ object, old, name, context }) {
      const [wanted, before] = [object, old].map(
        (claim) => (claim as PersistentVolumeClaim).spec?.resources?.requests?.['storage'],
      );
      if (wanted === undefined || before === undefined || compareQuantities(wanted, before) <= 0) return;
      const className = (old as PersistentVolumeClaim).spec?.storageClassName ?? '';
      const found = context.lookup('storage.k8s.io', 'storageclasses', className) as StorageClass | undefined;
      if (found?.allowVolumeExpansion === true) return;
      throw forbidden(
        { group: '', resource: 'persistentvolumeclaims' },
        name,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    },
  };
}
