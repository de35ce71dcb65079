import type { Node, PersistentVolume, Pod } from '@drydock/api/core/v1';
import { fnv32a } from '@drydock/base/apimachinery';

const managed = 'volumes.kubernetes.io/controller-managed-attach-detach';

/** One volume that is to be attached to one node. */
export interface Attachment {
  readonly driver: string;
  readonly volume: string;
  readonly handle: string;
  readonly node: string;
}

/** The same volume on the same node always has the same name, so that it is attached once. */
export function attachmentName({ driver, handle, node }: Attachment): string {
  const encoder = new TextEncoder();
  const text = `${handle}${driver}${node}`;
  // Eight different hashes make one that is long enough not to meet another.
  const parts = Array.from({ length: 8 }, (_, index) =>
    fnv32a(encoder.encode(`${index}${text}`))
      .toString(16)
      .padStart(8, '0'),
  );
  return `csi-${parts.join('')}`;
}

/** The name by which a node's status knows an attached volume. */
export function uniqueVolumeName({ driver, handle }: Attachment): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}

/** Whether a Pod needs its volumes: it has a node and has not ended there. */
export function needsVolumes(pod: Pod): boolean {
  const phase = pod.status?.phase;
  if (!pod.spec?.nodeName) return false;
  if (phase !== 'Succeeded' && phase !== 'Failed') return true;
  return [...(pod.status?.containerStatuses ?? [])].some(({ state }) => state?.running !== undefined);
}

/** Whether attaching on this node is ours, not its kubelet's. */
export function isManaged(node: Node | undefined): boolean {
  return node?.metadata.annotations?.[managed] === 'true';
}

/** What attaching a volume to a node means; undefined for volumes that need none. */
export function attachmentOf(volume: PersistentVolume, node: string): Attachment | undefined {
  const csi = volume.spec?.csi;
  if (csi === undefined) return undefined;
  return { driver: csi.driver, handle: csi.volumeHandle, volume: volume.metadata.name ?? '', node };
}
