import type { Node, PersistentVolume, Pod } from '@drydock/api/core/v1';
import { fnv32a } from '@drydock/base/apimachinery';
import { isPodTerminal } from '../shared/index.ts';

const managed = 'volumes.kubernetes.io/controller-managed-attach-detach';
const keepsEnded = 'volumes.kubernetes.io/keep-terminated-pod-volumes';
const outOfService = 'node.kubernetes.io/out-of-service';

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
export function uniqueVolumeName({ driver, handle }: Pick<Attachment, 'driver' | 'handle'>): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}

/** Whether a Pod needs its volumes: it has a node and has not ended there, unless the node keeps the volumes of ended ones. */
export function needsVolumes(pod: Pod, node?: Node): boolean {
  if (!pod.spec?.nodeName) return false;
  return !hasEnded(pod) || node?.metadata.annotations?.[keepsEnded] === 'true';
}

function hasEnded(pod: Pod): boolean {
  if (isPodTerminal(pod)) return true;
  if (!pod.metadata.deletionTimestamp) return false;
  return (pod.status?.containerStatuses ?? []).every(
    ({ state }) => state?.terminated !== undefined || state?.waiting !== undefined,
  );
}

/** Whether attaching on this node is ours, not its kubelet's. */
export function isManaged(node: Node | undefined): boolean {
  return node?.metadata.annotations?.[managed] !== undefined;
}

/** Declared dead: nothing runs there any more, whatever the node said last. */
export function isOutOfService(node: Node | undefined): boolean {
  return (
    node?.spec?.taints?.some(({ key, effect }) => key === outOfService && effect === 'NoExecute') === true
  );
}

/** What attaching a volume to a node means; undefined for volumes that need none. */
export function attachmentOf(volume: PersistentVolume, node: string): Attachment | undefined {
  const csi = volume.spec?.csi;
  if (csi === undefined) return undefined;
  return { driver: csi.driver, handle: csi.volumeHandle, volume: volume.metadata.name ?? '', node };
}

/** Whether a volume may be attached to several nodes; where no access mode says so, its driver is to refuse it. */
export function mayAttachTwice({ spec }: PersistentVolume): boolean {
  const modes = spec?.accessModes ?? [];
  return modes.length === 0 || modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
}

/** Why a Pod has to wait for a volume that is attached elsewhere. Names of Pods in other namespaces are not told. */
export function multiAttachMessage(volume: string, pod: Pod, users: readonly Pod[]): string {
  const near = users.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace);
  const far = users.length - near.length;
  const others = `${far} pod(s) in different namespaces`;
  const names = near.map(({ metadata }) => metadata.name).join(', ');
  let why = "Volume is already exclusively attached to one node and can't be attached to another";
  if (near.length > 0) why = `Volume is already used by pod(s) ${names}${far > 0 ? ` and ${others}` : ''}`;
  else if (far > 0) why = `Volume is already used by ${others}`;
  return `Multi-Attach error for volume "${volume}" ${why}`;
}
