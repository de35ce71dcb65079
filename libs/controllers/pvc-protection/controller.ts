import { controllerOf, isNotFound, objectKey } from '@drydock/base/apimachinery';
import { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { byClaim, claimKeys, setFinalizer } from '../shared-volumes/index.ts';

const name = 'persistentvolumeclaim-protection-controller';
const finalizer = 'kubernetes.io/pvc-protection';

/** Its kubelet is done with the Pod, or nobody waited for that; it only waits to be collected. */
function isShutDown({ metadata }: Pod): boolean {
  return Boolean(metadata.deletionTimestamp) && metadata.deletionGracePeriodSeconds === 0;
}

/** Whether a Pod holds a claim: it has a node, for only there it can be using it. Whether it has ended does not matter. */
export function holdsClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  const { name: claimName = '', namespace } = claim.metadata;
  if (!pod.spec?.nodeName || pod.metadata.namespace !== namespace) return false;
  return (pod.spec.volumes ?? []).some(({ name: volumeName, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return persistentVolumeClaim.claimName === claimName;
    // A claim that goes with its Pod must not keep the Pod from going.
    return (
      ephemeral !== undefined &&
      !isShutDown(pod) &&
      `${pod.metadata.name}-${volumeName}` === claimName &&
      controllerOf(claim)?.uid === pod.metadata.uid
    );
  });
}

/** `persistentvolumeclaim-protection-controller`: claims that are deleted stay as long as a Pod on a node uses them. */
export const createPvcProtectionController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const claims = informers.informer(PersistentVolumeClaim);
  const pods = informers.informer(Pod, { indexers: { [byClaim.name]: byClaim.values } });

  async function isUsed(claim: PersistentVolumeClaim): Promise<boolean> {
    const key = objectKey(claim);
    if (pods.byIndex(byClaim.name, key).some((pod) => holdsClaim(pod, claim))) return true;
    // The cache may not know of the newest Pod; what is let go cannot be taken back.
    const { items } = await client
      .resource(Pod)
      .namespace(claim.metadata.namespace ?? '')
      .list();
    return items.some((pod) => holdsClaim(pod, claim));
  }

  return createController(
    {
      name,
      sources: [
        source(PersistentVolumeClaim, (claim, { deleted }) => {
          const held = claim.metadata.finalizers?.includes(finalizer) === true;
          const deleting = Boolean(claim.metadata.deletionTimestamp);
          return deleted || held !== deleting ? [] : [objectKey(claim)];
        }),
        source(Pod, (pod, { deleted }) =>
          deleted || !pod.spec?.nodeName || isShutDown(pod)
            ? claimKeys(pod).filter((key) => claims.get(key)?.metadata.deletionTimestamp !== undefined)
            : [],
        ),
      ],
      async reconcile(key) {
        const claim = claims.get(key);
        if (claim === undefined) return;
        if (!claim.metadata.deletionTimestamp)
          return setFinalizer(client, PersistentVolumeClaim, claim, finalizer, true);
        if (!claim.metadata.finalizers?.includes(finalizer)) return;
        try {
          if (!(await isUsed(claim)))
            await setFinalizer(client, PersistentVolumeClaim, claim, finalizer, false);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      },
    },
    deps,
  );
};
