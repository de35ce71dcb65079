import { fieldPath } from '@drydock/base/apimachinery';
import type { ObjectMeta } from '@drydock/base/apimachinery';
import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { claimWarnings, nodeTermWarnings } from '../shared/index.ts';

const spec = fieldPath('spec');
const betaClass = 'volume.beta.kubernetes.io/storage-class';

/** Kinds of volumes that have had their day, in the order in which they are told, by their field; the path is the field's. */
const deprecatedSources: readonly (readonly [field: string, text: string, path?: string])[] = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function classWarnings({ annotations }: ObjectMeta): string[] {
  if (annotations?.[betaClass] === undefined) return [];
  const at = fieldPath('metadata', 'annotations').key(betaClass);
  return [`${at.toString()}: deprecated since v1.8; use "storageClassName" attribute instead`];
}

/** Advice on a PersistentVolume. */
export function volumeWarnings({ metadata, spec: value }: PersistentVolume): string[] {
  const recycles = value?.persistentVolumeReclaimPolicy === 'Recycle';
  const terms = value?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const at = spec.child('nodeAffinity', 'required', 'nodeSelectorTerms');
  return [
    ...classWarnings(metadata),
    ...(recycles
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
    ...terms.flatMap((term, index) => nodeTermWarnings(term, at.index(index))),
    ...deprecatedSources.flatMap(([field, text, path = field]) =>
      (value as unknown as Record<string, unknown> | undefined)?.[field] === undefined
        ? []
        : [`${spec.child(path).toString()}: ${text}`],
    ),
  ];
}

/** Advice on a PersistentVolumeClaim. */
export function volumeClaimWarnings({ metadata, spec: value }: PersistentVolumeClaim): string[] {
  return [...classWarnings(metadata), ...claimWarnings(value, spec)];
}
