import type { PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { WatchCache } from '../watch-cache/index.ts';
import type { AdmissionPlugin } from './types.ts';

const classes = { group: 'storage.k8s.io', resource: 'storageclasses' };
const marks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const claimAnnotation = 'volume.beta.kubernetes.io/storage-class';

function isDefault({ metadata }: KubeObject): boolean {
  return marks.some((mark) => metadata.annotations?.[mark] === 'true');
}

/** The newer one first; of one second, the name that sorts first. */
function byAge(a: KubeObject, b: KubeObject): number {
  const newer = (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
  return newer !== 0 ? newer : (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}

/** Kubernetes' DefaultStorageClass: a claim that names no class gets the default one, where there is one. */
export function defaultStorageClass(cache: Pick<WatchCache, 'items'>): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: (definition, subresource, operation) =>
      definition.group === '' &&
      definition.resource === 'persistentvolumeclaims' &&
      subresource === '' &&
      operation === 'CREATE',
    admit({ object }) {
      const claim = object as PersistentVolumeClaim;
      if (claim.spec === undefined || claim.spec.storageClassName !== undefined) return;
      if (claim.metadata.annotations?.[claimAnnotation] !== undefined) return;
      const [chosen] = cache
        .items(classes)
        .map((item) => item.object)
        .filter(isDefault)
        .sort(byAge);
      if (chosen !== undefined) claim.spec.storageClassName = chosen.metadata.name ?? '';
    },
  };
}
