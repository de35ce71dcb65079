import { fieldPath, formatTime } from '@drydock/base/apimachinery';
import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { claimErrors } from '../shared/index.ts';
import { settleDataSources } from './claim-sources.ts';
import { volumeClaimWarnings, volumeWarnings } from './volume-warnings.ts';
import { claimChangeErrors, volumeChangeErrors, volumeErrors } from './volume-errors.ts';

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

const phase = (deleting: string | undefined, text: string | undefined): string =>
  deleting !== undefined ? 'Terminating' : (text ?? '');
const className = (object: PersistentVolume | PersistentVolumeClaim): string =>
  object.metadata.annotations?.[betaClass] ?? object.spec?.storageClassName ?? '';
const unset = (text: string | undefined): string => text ?? '<unset>';

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
    prepareForCreate(volume, { clock }) {
      volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(clock.now()) };
    },
    prepareForStatusUpdate(volume, old, { clock }) {
      // Who changes the phase need not tell when.
      const { phase: now, lastPhaseTransitionTime: told } = volume.status ?? {};
      if (now === old.status?.phase || (told !== undefined && told !== old.status?.lastPhaseTransitionTime))
        return;
      volume.status = { ...volume.status, lastPhaseTransitionTime: formatTime(clock.now()) };
    },
    validate: volumeErrors,
    validateUpdate: volumeChangeErrors,
    warnings: volumeWarnings,
  },
  columns: [
    nameColumn as never,
    textColumn('Capacity', 'Size.', (volume) => volume.spec?.capacity?.['storage'] ?? '0'),
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
      settleDataSources(claim.spec, undefined);
    },
    prepareForUpdate: (claim, old) => settleDataSources(claim.spec, old.spec),
    validate: (claim) => claimErrors(claim.spec, spec),
    validateUpdate: claimChangeErrors,
    warnings: volumeClaimWarnings,
  },
  columns: [
    nameColumn as never,
    textColumn('Status', 'Where it is in its life.', (claim) =>
      phase(claim.metadata.deletionTimestamp, claim.status?.phase),
    ),
    textColumn('Volume', 'Volume that it is bound to.', (claim) => claim.spec?.volumeName ?? ''),
    textColumn('Capacity', 'Size of the volume.', (claim) =>
      claim.spec?.volumeName ? (claim.status?.capacity?.['storage'] ?? '0') : '',
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
