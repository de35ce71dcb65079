import type { Node, Pod } from '@drydock/api/core/v1';
import { parseTime } from '@drydock/base/apimachinery';
import { isNodeReady } from '../shared/index.ts';

const outOfService = 'node.kubernetes.io/out-of-service';

/** Ended, whatever it is called. */
export function hasEnded({ status }: Pod): boolean {
  return !['Pending', 'Running', 'Unknown', undefined].includes(status?.phase);
}

const createdMs = ({ metadata }: Pod) =>
  metadata.creationTimestamp ? parseTime(metadata.creationTimestamp) : 0;

/** The ended Pods to delete, so that `threshold` stay: evicted ones first, then the oldest. */
export function endedBeyond(pods: readonly Pod[], threshold: number): Pod[] {
  const evicted = ({ status }: Pod) => status?.phase === 'Failed' && status.reason === 'Evicted';
  const sorted = [...pods].sort((a, b) => {
    if (evicted(a) !== evicted(b)) return evicted(a) ? -1 : 1;
    if (createdMs(a) !== createdMs(b)) return createdMs(a) - createdMs(b);
    return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
  });
  return sorted.slice(0, Math.max(0, pods.length - threshold));
}

export type Fate =
  /** Its node is gone; wait and see whether it comes back. */
  | 'orphaned'
  /** On its way out on a node that was declared dead. */
  | 'out-of-service'
  /** On its way out and never had a node. */
  | 'unscheduled'
  | 'stays';

/** What becomes of a Pod whose node is `node` (undefined when there is none of the name). */
export function fateOf(pod: Pod, node: Node | undefined): Fate {
  const terminating = Boolean(pod.metadata.deletionTimestamp);
  if (!pod.spec?.nodeName) return terminating ? 'unscheduled' : 'stays';
  if (node === undefined) return 'orphaned';
  if (!terminating) return 'stays';
  const dead = node.spec?.taints?.some(({ key }) => key === outOfService) === true;
  return dead && !isNodeReady(node) ? 'out-of-service' : 'stays';
}
