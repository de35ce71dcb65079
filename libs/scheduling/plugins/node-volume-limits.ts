import type { CSINode } from '@drydock/api/storage/v1';
import {
  ephemeralClaimName,
  skip,
  unresolvable,
  unschedulable,
  type Plugin,
  type PodInfo,
  type Status,
} from '../framework/index.ts';
import type { Listers } from './listers.ts';
import { classNameOf, notOwner } from './volume-claims.ts';

const tooMany = unschedulable('node(s) exceed max volume count');

/** Unique name of a volume → the driver that attaches it. */
type Volumes = Map<string, string>;

/** What each driver of a node attaches at most. */
function limitsOf(csiNode: CSINode | undefined): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { name, allocatable } of csiNode?.spec?.drivers ?? [])
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  return limits;
}

/**
 * CSI drivers attach only so many volumes to a node, as its CSINode says. Counted are the volumes of the Pods on the
 * node, and those that are still attached to it though no Pod there uses them.
 */
export function nodeVolumeLimits(
  listers: Pick<Listers, 'claim' | 'volume' | 'storageClass' | 'csiNode' | 'attachments'>,
): Plugin {
  const name = 'NodeVolumeLimits';

  /** Adds a Pod's volumes that a CSI driver attaches; answers what is wrong with a claim of the Pod. */
  function add({ pod, namespace }: PodInfo, into: Volumes): Status | undefined {
    let problem: Status | undefined;
    for (const volume of pod.spec?.volumes ?? []) {
      const ephemeral = volume.ephemeral !== undefined;
      const claimName = ephemeral
        ? ephemeralClaimName(pod, volume.name)
        : volume.persistentVolumeClaim?.claimName;
      if (claimName === undefined) continue;
      const claim = listers.claim(namespace, claimName);
      if (claim === undefined) {
        problem ??= unresolvable(
          `looking up PVC ${namespace}/${claimName}: persistentvolumeclaim ${JSON.stringify(claimName)} not found`,
        );
        continue;
      }
      const foreign = ephemeral ? notOwner(pod, claim) : undefined;
      if (foreign !== undefined) {
        problem ??= { code: 'Error', reasons: [foreign] };
        continue;
      }
      const found = listers.volume(claim.spec?.volumeName ?? '');
      const csi = found?.spec?.csi;
      if (csi !== undefined) into.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
      // One that is yet to be made counts for the provisioner of its class, and so does one that is gone.
      else if (found === undefined) {
        const provisioner = listers.storageClass(classNameOf(claim))?.provisioner;
        if (provisioner !== undefined) into.set(`${provisioner}/${namespace}/${claimName}`, provisioner);
      }
    }
    return problem;
  }

  function addAttached(nodeName: string, into: Volumes): void {
    for (const { spec } of listers.attachments(nodeName)) {
      const handle = listers.volume(spec.source.persistentVolumeName ?? '')?.spec?.csi?.volumeHandle;
      if (handle !== undefined) into.set(`${spec.attacher}/${handle}`, spec.attacher);
    }
  }

  return {
    name,
    preFilter: (_, pod) => (pod.claims.length === 0 ? { status: skip } : undefined),
    filter(_, pod, node) {
      if (pod.claims.length === 0) return undefined;
      const wanted: Volumes = new Map();
      const problem = add(pod, wanted);
      if (problem !== undefined) return problem;
      const limits = limitsOf(listers.csiNode(node.name));
      if (wanted.size === 0 || limits.size === 0) return undefined;
      const attached: Volumes = new Map();
      for (const other of node.pods.values()) if (other.claims.length > 0) add(other, attached);
      addAttached(node.name, attached);
      const used = new Map<string, number>();
      for (const driver of attached.values()) used.set(driver, (used.get(driver) ?? 0) + 1);
      const more = new Map<string, number>();
      for (const [volume, driver] of wanted)
        if (!attached.has(volume)) more.set(driver, (more.get(driver) ?? 0) + 1);
      for (const [driver, count] of more) {
        const limit = limits.get(driver);
        if (limit !== undefined && (used.get(driver) ?? 0) + count > limit) return tooMany;
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
