import { isNotFound, objectKey } from '@drydock/base/apimachinery';
import { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { byClaim, claimKeys, setFinalizer } from '../shared-volumes/index.ts';

const name = 'persistentvolumeclaim-protection-controller';
const finalizer = 'kubernetes.io/pvc-protection';

/** Whether a Pod holds its claims: its kubelet knows of it, whether it has ended or not. */
export function holdsClaims(pod: Pod): boolean {
  return Boolean(pod.spec?.nodeName);
}

/** `persistentvolumeclaim-protection-controller`: claims that are deleted stay as long as a Pod on a node uses them. */
export const createPvcProtectionController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const claims = informers.informer(PersistentVolumeClaim);
  const pods = informers.informer(Pod, { indexers: { [byClaim.name]: byClaim.values } });

  async function isUsed(claim: PersistentVolumeClaim): Promise<boolean> {
    const key = objectKey(claim);
    if (pods.byIndex(byClaim.name, key).some(holdsClaims)) return true;
    // The cache may not know of the newest Pod; what is let go cannot be taken back.
    const { items } = await client
      .resource(Pod)
      .namespace(claim.metadata.namespace ?? '')
      .list();
    return items.some((pod) => holdsClaims(pod) && claimKeys(pod).includes(key));
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
          deleted || !pod.spec?.nodeName
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
