import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { VolumeAttributesClass } from '@drydock/api/storage/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { setFinalizer } from '../shared-volumes/index.ts';

const name = 'volumeattributesclass-protection-controller';
const finalizer = 'kubernetes.io/vac-protection';

/** The classes that a claim asks for, has, or is on its way to. */
export function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const named = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(named.filter((one) => one !== undefined && one !== '') as string[])];
}

export function classesOfVolume({ spec }: PersistentVolume): string[] {
  const named = spec?.volumeAttributesClassName ?? '';
  return named === '' ? [] : [named];
}

const index = 'volumeAttributesClass';

/** `volumeattributesclass-protection-controller`: classes that are deleted stay as long as a claim or a volume has them. */
export const createClassProtectionController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const classes = informers.informer(VolumeAttributesClass);
  const claims = informers.informer(PersistentVolumeClaim, { indexers: { [index]: classesOfClaim } });
  const volumes = informers.informer(PersistentVolume, { indexers: { [index]: classesOfVolume } });

  async function isUsed(key: string): Promise<boolean> {
    if (claims.byIndex(index, key).length > 0 || volumes.byIndex(index, key).length > 0) return true;
    // The caches may not know of the newest; what is let go cannot be taken back.
    const [allClaims, allVolumes] = await Promise.all([
      client.resource(PersistentVolumeClaim).list(),
      client.resource(PersistentVolume).list(),
    ]);
    return (
      allClaims.items.some((claim) => classesOfClaim(claim).includes(key)) ||
      allVolumes.items.some((volume) => classesOfVolume(volume).includes(key))
    );
  }

  return createController(
    {
      name,
      sources: [
        source(VolumeAttributesClass, ({ metadata }, { deleted }) => {
          const held = metadata.finalizers?.includes(finalizer) === true;
          const deleting = metadata.deletionTimestamp !== undefined;
          return deleted || held !== deleting ? [] : [metadata.name ?? ''];
        }),
        // A class that something lets go of is in what it was before.
        source(PersistentVolumeClaim, (claim, { previous, deleted }) =>
          deleted ? classesOfClaim(claim) : previous === undefined ? [] : classesOfClaim(previous),
        ),
        source(PersistentVolume, (volume, { previous, deleted }) =>
          deleted ? classesOfVolume(volume) : previous === undefined ? [] : classesOfVolume(previous),
        ),
      ],
      async reconcile(key) {
        const found = classes.get(key);
        if (found === undefined) return;
        const wanted = found.metadata.deletionTimestamp === undefined || (await isUsed(key));
        await setFinalizer(client, VolumeAttributesClass, found, finalizer, wanted);
      },
    },
    deps,
  );
};
