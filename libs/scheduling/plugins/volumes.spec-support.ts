import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { CSIDriver, CSINode, StorageClass, VolumeAttachment } from '@drydock/api/storage/v1';
import { info } from '../framework/testing.spec-support.ts';
import type { Listers } from './listers.ts';

/** What there is of volumes. */
export interface World {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
  readonly csiNodes?: readonly CSINode[];
  readonly csiDrivers?: readonly CSIDriver[];
  readonly attachments?: readonly VolumeAttachment[];
}

export function listers(world: World): Listers {
  const { claims = [], volumes = [], classes = [], csiNodes = [], csiDrivers = [], attachments = [] } = world;
  const named = <T extends { metadata: { name?: string } }>(list: readonly T[], name: string) =>
    list.find(({ metadata }) => metadata.name === name);
  return {
    namespaceLabels: () => undefined,
    defaultSelector: () => undefined,
    claim: (_, name) => named(claims, name),
    volume: (name) => named(volumes, name),
    volumesOfClass: (name) => volumes.filter(({ spec }) => (spec?.storageClassName ?? '') === name),
    storageClass: (name) => named(classes, name),
    csiNode: (name) => named(csiNodes, name),
    csiDriver: (name) => named(csiDrivers, name),
    storageCapacities: () => [],
    attachments: (node) => attachments.filter(({ spec }) => spec.nodeName === node),
    budgets: () => [],
    resourceClaim: () => undefined,
    resourceClaims: () => [],
    deviceClass: () => undefined,
    classOfResource: () => undefined,
    resourceSlices: () => [],
  };
}

export const bound = { 'pv.kubernetes.io/bind-completed': 'yes' };
export const claim = (name: string, spec: object = {}, annotations: Record<string, string> = {}) =>
  ({
    metadata: { name, namespace: 'default', uid: name, annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, ...spec },
  }) as PersistentVolumeClaim;
export const volume = (name: string, spec: object = {}, labels: Record<string, string> = {}) =>
  ({
    metadata: { name, labels },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '10Gi' }, ...spec },
  }) as PersistentVolume;
export const later = (provisioner: string, more: object = {}) =>
  ({
    metadata: { name: 'later' },
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  }) as StorageClass;
export const user = (...names: string[]) =>
  info({
    spec: { volumes: names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })) },
  });
export const onNode = (name: string) => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
      ],
    },
  },
});
