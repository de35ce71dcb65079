import type { Status } from '../framework/index.ts';

/** Why no node does. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** Refusals by node name. */
  readonly statuses: ReadonlyMap<string, Status>;
  /** What holds for the nodes that are not in `statuses`. */
  readonly absent?: Status;
  /** The Pod was refused before any node was looked at. */
  readonly preFilterMessage?: string;
}

/** `3 Insufficient cpu, 1 node(s) were unschedulable`: reasons counted, sorted as text, as kube-scheduler prints them. */
function histogram({ nodeCount, statuses, absent }: Diagnosis): string {
  const counts = new Map<string, number>();
  const add = (reason: string, by: number) => void counts.set(reason, (counts.get(reason) ?? 0) + by);
  for (const { reasons } of statuses.values()) for (const reason of reasons) add(reason, 1);
  if (statuses.size < nodeCount)
    for (const reason of absent?.reasons ?? []) add(reason, nodeCount - statuses.size);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}

/** The text of the FailedScheduling event and of the PodScheduled condition. */
export function fitErrorMessage(diagnosis: Diagnosis, postFilterMessage = ''): string {
  if (diagnosis.nodeCount === 0) return 'no nodes available to schedule pods';
  const reasons = diagnosis.preFilterMessage ?? histogram(diagnosis);
  return [
    `0/${diagnosis.nodeCount} nodes are available:`,
    ...(reasons === '' ? [] : [`${reasons}.`]),
    ...(postFilterMessage === '' ? [] : [postFilterMessage]),
  ].join(' ');
}

const longestNote = 1024;
const more = ' ...';

/** A message as it fits into an event. */
export function noteOf(message: string): string {
  return message.length <= longestNote ? message : `${message.slice(0, longestNote - more.length)}${more}`;
}
