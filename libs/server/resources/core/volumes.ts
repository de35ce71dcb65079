import {
  deepEqual,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  parseQuantity,
  required,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';

const spec = fieldPath('spec');
const modes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const betaClass = 'volume.beta.kubernetes.io/storage-class';

function modesText(list: readonly string[] | undefined): string {
  return Object.keys(modes)
    .filter((mode) => list?.includes(mode))
    .map((mode) => modes[mode])
    .join(',');
}

function modeErrors(list: readonly string[] | undefined): FieldError[] {
  if ((list ?? []).length === 0)
    return [required(spec.child('accessModes'), 'at least 1 access mode is required')];
  return (list ?? [])
    .filter((mode) => modes[mode] === undefined)
    .map((mode) => notSupported(spec.child('accessModes'), mode, Object.keys(modes)));
}

const phase = (deleting: string | undefined, text: string | undefined): string =>
  deleting !== undefined ? 'Terminating' : (text ?? '');
const className = (object: PersistentVolume | PersistentVolumeClaim): string =>
  object.metadata.annotations?.[betaClass] ?? object.spec?.storageClassName ?? '';
const unset = (text: string | undefined): string => text || '<unset>';

/** core/v1 PersistentVolume. */
export const persistentVolumeDefinition: ResourceDefinition<PersistentVolume> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  namespaced: false,
  schema: 'k8s.io.api.core.v1.PersistentVolume',
  status: true,
  strategy: {
    returnDeletedObject: true,
    generation: false,
    prepareForCreate(volume) {
      volume.status = { phase: 'Pending' };
    },
    validate(volume) {
      const errors = modeErrors(volume.spec?.accessModes);
      const storage = volume.spec?.capacity?.['storage'];
      if (volume.spec?.capacity === undefined) errors.push(required(spec.child('capacity')));
      else if (storage === undefined)
        errors.push(
          notSupported(spec.child('capacity'), Object.keys(volume.spec.capacity)[0] ?? '', ['storage']),
        );
      else if (parseQuantity(storage).sign() <= 0)
        errors.push(
          invalidValue(spec.child('capacity').key('storage'), storage, 'must be greater than zero'),
        );
      const reclaim = volume.spec?.persistentVolumeReclaimPolicy;
      if (reclaim && !['Delete', 'Recycle', 'Retain'].includes(reclaim)) {
        errors.push(
          notSupported(spec.child('persistentVolumeReclaimPolicy'), reclaim, ['Delete', 'Recycle', 'Retain']),
        );
      }
      return errors;
    },
  },
  columns: [
    nameColumn as never,
    textColumn('Capacity', 'Size.', (volume) => volume.spec?.capacity?.['storage'] ?? ''),
    textColumn('Access Modes', 'How it may be mounted.', (volume) => modesText(volume.spec?.accessModes)),
    textColumn(
      'Reclaim Policy',
      'What becomes of it when it is released.',
      (volume) => volume.spec?.persistentVolumeReclaimPolicy ?? '',
    ),
    textColumn('Status', 'Where it is in its life.', (volume) =>
      phase(volume.metadata.deletionTimestamp, volume.status?.phase),
    ),
    textColumn('Claim', 'Claim that it is bound to.', (volume) => {
      const claim = volume.spec?.claimRef;
      return claim === undefined ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`;
    }),
    textColumn('StorageClass', 'Class of the volume.', className),
    textColumn('VolumeAttributesClass', 'Class of its attributes.', (volume) =>
      unset(volume.spec?.volumeAttributesClassName),
    ),
    textColumn('Reason', 'Why it failed.', (volume) => volume.status?.reason ?? ''),
    ageColumn as never,
    textColumn('VolumeMode', 'Filesystem or Block.', (volume) => unset(volume.spec?.volumeMode), 1),
  ],
};

/** core/v1 PersistentVolumeClaim. */
export const persistentVolumeClaimDefinition: ResourceDefinition<PersistentVolumeClaim> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.PersistentVolumeClaim',
  status: true,
  strategy: {
    returnDeletedObject: true,
    generation: false,
    prepareForCreate(claim) {
      claim.status = { phase: 'Pending' };
    },
    validate(claim) {
      const errors = modeErrors(claim.spec?.accessModes);
      const storage = claim.spec?.resources?.requests?.['storage'];
      const at = spec.child('resources').key('storage');
      if (storage === undefined) errors.push(required(at));
      else if (parseQuantity(storage).sign() <= 0)
        errors.push(invalidValue(at, storage, 'must be greater than zero'));
      return errors;
    },
    validateUpdate(claim, old) {
      const frozen = ({ spec: value }: PersistentVolumeClaim) => {
        const { resources: _resources, volumeAttributesClassName: _class, ...rest } = value ?? {};
        return rest as Record<string, unknown>;
      };
      const before = frozen(old);
      const after = frozen(claim);
      // The binder may name the volume, once.
      if (!before['volumeName']) before['volumeName'] = after['volumeName'];
      // And a claim without a class may get the default one later (KEP-3333).
      if (before['storageClassName'] === undefined && old.metadata.annotations?.[betaClass] === undefined)
        before['storageClassName'] = after['storageClassName'];
      if (deepEqual(JSON.parse(JSON.stringify(before)), JSON.parse(JSON.stringify(after)))) return [];
      return [
        forbiddenField(
          spec,
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      ];
    },
  },
  columns: [
    nameColumn as never,
    textColumn('Status', 'Where it is in its life.', (claim) =>
      phase(claim.metadata.deletionTimestamp, claim.status?.phase),
    ),
    textColumn('Volume', 'Volume that it is bound to.', (claim) => claim.spec?.volumeName ?? ''),
    textColumn('Capacity', 'Size of the volume.', (claim) =>
      claim.spec?.volumeName ? (claim.status?.capacity?.['storage'] ?? '') : '',
    ),
    textColumn('Access Modes', 'How it may be mounted.', (claim) =>
      claim.spec?.volumeName ? modesText(claim.status?.accessModes) : '',
    ),
    textColumn('StorageClass', 'Class of the volume.', className),
    textColumn('VolumeAttributesClass', 'Class of its attributes.', (claim) =>
      unset(claim.spec?.volumeAttributesClassName),
    ),
    ageColumn as never,
    textColumn('VolumeMode', 'Filesystem or Block.', (claim) => unset(claim.spec?.volumeMode), 1),
  ],
};
