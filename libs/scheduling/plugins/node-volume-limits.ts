import { skip, unresolvable, unschedulable, type Plugin, type PodInfo } from '../framework/index.ts';
import type { Listers } from './listers.ts';
import { classNameOf } from './volume-claims.ts';

const tooMany = unschedulable('node(s) exceed max volume count');

/** CSI drivers attach only so many volumes to a node, as its CSINode says. */
export function nodeVolumeLimits(
  listers: Pick<Listers, 'claim' | 'volume' | 'storageClass' | 'csiNode'>,
): Plugin {
  const name = 'NodeVolumeLimits';

  /** Unique volume → driver, for the Pod's volumes that a CSI driver attaches. */
  function volumes(pod: PodInfo): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const claimName of pod.claims) {
      const claim = listers.claim(pod.namespace, claimName);
      if (claim === undefined) continue;
      const csi = listers.volume(claim.spec?.volumeName ?? '')?.spec?.csi;
      if (csi !== undefined) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
      else if ((claim.spec?.volumeName ?? '') === '') {
        const provisioner = listers.storageClass(classNameOf(claim))?.provisioner;
        // One that is yet to be made counts as well.
        if (provisioner !== undefined && provisioner !== 'kubernetes.io/no-provisioner')
          found.set(`${provisioner}/${pod.namespace}/${claimName}`, provisioner);
      }
    }
    return found;
  }

  return {
    name,
    preFilter(_, pod) {
      for (const { ephemeral, name: volume } of pod.pod.spec?.volumes ?? [])
        if (
          ephemeral !== undefined &&
          listers.claim(pod.namespace, `${pod.pod.metadata.name ?? ''}-${volume}`) === undefined
        )
          return {
            status: unresolvable(
              `looking up PVC ${pod.namespace}/${pod.pod.metadata.name ?? ''}-${volume}: persistentvolumeclaim not found`,
            ),
          };
      return pod.claims.length === 0 ? { status: skip } : undefined;
    },
    filter(_, pod, node) {
      const drivers = listers.csiNode(node.name)?.spec?.drivers ?? [];
      if (pod.claims.length === 0 || drivers.length === 0) return undefined;
      const wanted = volumes(pod);
      if (wanted.size === 0) return undefined;
      const attached = new Map<string, string>();
      for (const other of node.pods.values())
        if (other.claims.length > 0)
          for (const [volume, driver] of volumes(other)) attached.set(volume, driver);
      for (const { name: driver, allocatable } of drivers) {
        const limit = allocatable?.count;
        if (limit === undefined) continue;
        const used = [...attached.values()].filter((other) => other === driver).length;
        const more = [...wanted].filter(
          ([volume, other]) => other === driver && !attached.has(volume),
        ).length;
        if (more > 0 && used + more > limit) return tooMany;
      }
      return undefined;
    },
    events: [
      { resource: 'CSINode', actions: ['Add', 'Update'] },
      { resource: 'AssignedPod', actions: ['Delete'] },
      { resource: 'PersistentVolumeClaim', actions: ['Add'] },
      { resource: 'VolumeAttachment', actions: ['Delete'] },
    ],
  };
}
