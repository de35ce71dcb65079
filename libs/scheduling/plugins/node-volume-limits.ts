import type { Pod, Volume } from '@drydock/api/core/v1';
import type { CSINode, VolumeAttachment } from '@drydock/api/storage/v1';
import {
  ephemeralClaimName,
  skip,
  unresolvable,
  unschedulable,
  type Plugin,
  type PodInfo,
  type Status,
} from '../framework/index.ts';
import { csiVolumeOf, driverOf, isMigratable } from './in-tree-volumes.ts';
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

const claimOf = (pod: Pod, { name, ephemeral, persistentVolumeClaim }: Volume) =>
  ephemeral === undefined ? persistentVolumeClaim?.claimName : ephemeralClaimName(pod, name);
const isCounted = (volume: Volume) =>
  volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || isMigratable(volume);

/**
 * CSI drivers attach only so many volumes to a node, as its CSINode says. Counted are the volumes of the Pods on the
 * node, and those that are still attached to it though no Pod there uses them.
 */
export function nodeVolumeLimits(
  listers: Pick<Listers, 'claim' | 'volume' | 'storageClass' | 'csiNode' | 'attachments'>,
): Plugin {
  const name = 'NodeVolumeLimits';

  /** Adds a Pod's volumes that a CSI driver of the node attaches; answers what is wrong with a claim of the Pod. */
  function add({ pod, namespace }: PodInfo, csiNode: CSINode | undefined, into: Volumes): Status | undefined {
    let problem: Status | undefined;
    const put = (driver: string, handle: string) => into.set(`${driver}/${handle}`, driver);
    for (const volume of pod.spec?.volumes ?? []) {
      const ephemeral = volume.ephemeral !== undefined;
      const claimName = claimOf(pod, volume);
      if (claimName === undefined) {
        const own = csiVolumeOf(volume, csiNode);
        if (own !== undefined) put(own.driver, own.handle);
        continue;
      }
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
      const csi = found && csiVolumeOf(found, csiNode);
      if (csi !== undefined) put(csi.driver, csi.handle);
      // One that is yet to be made counts for the provisioner of its class, and so does one that is gone.
      else if (found === undefined) {
        const provisioner = listers.storageClass(classNameOf(claim))?.provisioner;
        const driver = provisioner === undefined ? undefined : driverOf(provisioner, csiNode);
        if (driver !== undefined) put(driver, `${namespace}/${claimName}`);
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
    preFilter: (_, { pod }) => ((pod.spec?.volumes ?? []).some(isCounted) ? undefined : { status: skip }),
    filter(_, pod, node) {
      const csiNode = listers.csiNode(node.name);
      const wanted: Volumes = new Map();
      const problem = add(pod, csiNode, wanted);
      if (problem !== undefined) return problem;
      const limits = limitsOf(csiNode);
      if (wanted.size === 0 || limits.size === 0) return undefined;
      const attached: Volumes = new Map();
      for (const other of node.pods.values()) add(other, csiNode, attached);
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
      {
        resource: 'CSINode',
        actions: ['Add', 'Update'],
        hint(_, { object, previous }) {
          if (previous === undefined) return true;
          const before = limitsOf(previous as CSINode);
          return [...limitsOf(object as CSINode)].some(
            ([driver, count]) => count > (before.get(driver) ?? 0),
          );
        },
      },
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint(_, { previous }) {
          const { spec, status } = previous as Pod;
          return (!!spec?.nodeName || !!status?.nominatedNodeName) && (spec?.volumes ?? []).some(isCounted);
        },
      },
      {
        resource: 'PersistentVolumeClaim',
        actions: ['Add'],
        hint: ({ namespace, claims }, { object }) =>
          object?.metadata.namespace === namespace && claims.includes(object.metadata.name ?? ''),
      },
      {
        resource: 'VolumeAttachment',
        actions: ['Delete'],
        hint({ pod }, { previous }) {
          const { attacher, nodeName } = (previous as VolumeAttachment).spec;
          return (pod.spec?.volumes ?? []).some(
            (volume) =>
              volume.persistentVolumeClaim !== undefined ||
              csiVolumeOf(volume, listers.csiNode(nodeName))?.driver === attacher,
          );
        },
      },
    ],
  };
}
