import { PersistentVolume } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { setFinalizer } from '../shared-volumes/index.ts';

const name = 'persistentvolume-protection-controller';
const finalizer = 'kubernetes.io/pv-protection';

/** Whether the finalizer should be there; undefined where it may stay as it is. */
export function shouldProtect({ metadata, status }: PersistentVolume): boolean | undefined {
  if (!metadata.deletionTimestamp) return true;
  return status?.phase === 'Bound' ? undefined : false;
}

/** `persistentvolume-protection-controller`: volumes that are deleted stay as long as they are bound. */
export const createPvProtectionController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const volumes = informers.informer(PersistentVolume);
  return createController(
    {
      name,
      sources: [
        source(PersistentVolume, (volume, { deleted }) => {
          const wanted = shouldProtect(volume);
          const present = volume.metadata.finalizers?.includes(finalizer) === true;
          return deleted || wanted === undefined || wanted === present ? [] : [volume.metadata.name ?? ''];
        }),
      ],
      async reconcile(key) {
        const volume = volumes.get(key);
        const wanted = volume === undefined ? undefined : shouldProtect(volume);
        if (volume !== undefined && wanted !== undefined)
          await setFinalizer(client, PersistentVolume, volume, finalizer, wanted);
      },
    },
    deps,
  );
};
