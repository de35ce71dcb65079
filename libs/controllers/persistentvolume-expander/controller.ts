import { compareQuantities, isConflict, isNotFound, joinKey, objectKey } from '@drydock/base/apimachinery';
import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { simulatedProvisioner } from '../shared-volumes/index.ts';

const name = 'persistentvolume-expander-controller';
const storage = 'storage';

/** The size that a bound claim asks for beyond the one it has; undefined where there is nothing to do. */
export function wantedSize(claim: PersistentVolumeClaim): string | undefined {
  const wanted = claim.spec?.resources?.requests?.[storage];
  const has = claim.status?.capacity?.[storage];
  if (claim.status?.phase !== 'Bound' || wanted === undefined || has === undefined) return undefined;
  return compareQuantities(wanted, has) > 0 ? wanted : undefined;
}

/** `persistentvolume-expander-controller`: bound claims that ask for more get it, where the volume is a simulated one. */
export const createPersistentVolumeExpander: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const claims = informers.informer(PersistentVolumeClaim);
  const volumes = informers.informer(PersistentVolume);
  const recorder = createEventRecorder(client, 'volume_expand', deps);

  return createController(
    {
      name,
      sources: [
        source(PersistentVolumeClaim, (claim, { deleted }) =>
          deleted || wantedSize(claim) === undefined ? [] : [objectKey(claim)],
        ),
        source(PersistentVolume, ({ spec }, { deleted }) => {
          const claim = spec?.claimRef;
          return deleted || claim === undefined ? [] : [joinKey(claim.namespace, claim.name ?? '')];
        }),
      ],
      async reconcile(key) {
        const claim = claims.get(key);
        const size = claim === undefined ? undefined : wantedSize(claim);
        const volume = volumes.get(claim?.spec?.volumeName ?? '');
        if (claim === undefined || size === undefined || volume === undefined) return;
        if (volume.spec?.claimRef?.uid !== claim.metadata.uid) return;
        if (volume.spec?.csi?.driver !== simulatedProvisioner) {
          recorder.event(
            claim,
            'Normal',
            'ExternalExpanding',
            'waiting for an external controller to expand this PVC',
          );
          return;
        }
        try {
          // The volume first: it never is smaller than its claim says.
          if (compareQuantities(volume.spec?.capacity?.[storage] ?? '0', size) < 0) {
            await client.resource(PersistentVolume).update({
              ...volume,
              spec: { ...volume.spec, capacity: { ...volume.spec?.capacity, [storage]: size } },
            });
          }
          const conditions = claim.status?.conditions?.filter(
            ({ type }) => type !== 'Resizing' && type !== 'FileSystemResizePending',
          );
          await client
            .resource(PersistentVolumeClaim)
            .namespace(claim.metadata.namespace ?? '')
            .updateStatus({
              ...claim,
              status: {
                ...claim.status,
                capacity: { ...claim.status?.capacity, [storage]: size },
                ...(conditions === undefined ? {} : { conditions }),
              },
            });
          recorder.event(
            claim,
            'Normal',
            'VolumeResizeSuccessful',
            `ExpandVolume succeeded for volume ${objectKey(claim)}`,
          );
        } catch (error) {
          if (isNotFound(error)) return;
          if (isConflict(error)) return { requeue: true };
          throw error;
        }
        return undefined;
      },
    },
    deps,
  );
};
