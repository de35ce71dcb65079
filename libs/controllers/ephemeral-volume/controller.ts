import { controllerOf, isAlreadyExists, joinKey, objectKey } from '@drydock/base/apimachinery';
import { PersistentVolumeClaim, Pod, type Volume } from '@drydock/api/core/v1';
import {
  controllerReference,
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { isNamespaceTerminating } from '../shared/index.ts';

const name = 'ephemeral-volume-controller';

/** The claim of a Pod's ephemeral volume: it lives and dies with the Pod. */
export function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { labels, annotations } = template?.metadata ?? {};
  return {
    metadata: {
      name: `${pod.metadata.name}-${volume.name}`,
      namespace: pod.metadata.namespace ?? '',
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(pod, Pod)],
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec }),
  };
}

/** `ephemeral-volume-controller`: makes the claims of Pods' ephemeral volumes. */
export const createEphemeralVolumeController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const pods = informers.informer(Pod);
  const claims = informers.informer(PersistentVolumeClaim);
  const recorder = createEventRecorder(client, 'ephemeral_volume', deps);
  const creates = deps.metrics.counter({
    name: 'ephemeral_volume_controller_create_total',
    help: 'Number of PersistenVolumeClaims creation requests',
  });
  const failures = deps.metrics.counter({
    name: 'ephemeral_volume_controller_create_failures_total',
    help: 'Number of PersistenVolumeClaims creation requests',
  });
  const ephemeral = (pod: Pod) =>
    (pod.spec?.volumes ?? []).filter((volume) => volume.ephemeral !== undefined);

  async function make(pod: Pod, volume: Volume): Promise<void> {
    const wanted = claimFor(pod, volume);
    const { namespace = '', name: claimName = '' } = wanted.metadata;
    const resource = client.resource(PersistentVolumeClaim).namespace(namespace);
    const present = claims.get(joinKey(namespace, claimName));
    if (present === undefined) {
      creates.inc();
      try {
        await resource.create(wanted);
        return;
      } catch (error) {
        failures.inc();
        if (isNamespaceTerminating(error)) return;
        if (!isAlreadyExists(error))
          throw new Error(`create PVC ${claimName}: ${(error as Error).message}`, { cause: error });
      }
    }
    const found = present ?? (await resource.get(claimName));
    if (controllerOf(found)?.uid === pod.metadata.uid) return;
    throw new Error(
      `PVC ${namespace}/${claimName} was not created for pod ${objectKey(pod)} (pod is not owner)`,
    );
  }

  return createController(
    {
      name,
      sources: [
        source(Pod, (pod, { previous, deleted }) =>
          deleted || previous !== undefined || ephemeral(pod).length === 0 ? [] : [objectKey(pod)],
        ),
        source(PersistentVolumeClaim, (claim, { deleted }) => {
          const owner = controllerOf(claim);
          return deleted && owner?.kind === 'Pod' ? [joinKey(claim.metadata.namespace, owner.name)] : [];
        }),
      ],
      async reconcile(key) {
        const pod = pods.get(key);
        if (pod === undefined || pod.metadata.deletionTimestamp) return;
        for (const volume of ephemeral(pod)) {
          try {
            await make(pod, volume);
          } catch (error) {
            recorder.event(
              pod,
              'Warning',
              'FailedBinding',
              `ephemeral volume ${volume.name}: ${(error as Error).message}`,
            );
            throw error;
          }
        }
      },
    },
    deps,
  );
};
