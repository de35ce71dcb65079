import type { Node, Pod } from '@drydock/api/core/v1';
import { semanticEqual } from '@drydock/base/apimachinery';
import { amounts, podRequests, type EventAction } from '../framework/index.ts';

type Amounts = Readonly<Record<string, string>> | undefined;

const differ = (a: unknown, b: unknown) => a !== b && !semanticEqual(a, b);

/** Amounts that are written in another way are the same. */
const hasOther = (a: Amounts, b: Amounts) =>
  differ(a, b) && differ(Object.fromEntries(amounts(a)), Object.fromEntries(amounts(b)));

const conditionsOf = ({ status }: Node) =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status: value }) => [type, value]));

/** What is different about a node, as far as waiting Pods may care; nothing for a mere heartbeat. */
export function nodeChanges(node: Node, previous: Node): EventAction[] {
  const actions: EventAction[] = [];
  const opened = previous.spec?.unschedulable === true && node.spec?.unschedulable !== true;
  if (opened || differ(node.spec?.taints, previous.spec?.taints)) actions.push('UpdateNodeTaint');
  if (hasOther(node.status?.allocatable, previous.status?.allocatable)) actions.push('UpdateNodeAllocatable');
  if (differ(node.metadata.labels, previous.metadata.labels)) actions.push('UpdateNodeLabel');
  if (differ(conditionsOf(node), conditionsOf(previous))) actions.push('UpdateNodeCondition');
  if (differ(node.metadata.annotations, previous.metadata.annotations)) actions.push('UpdateNodeAnnotation');
  return actions;
}

/** Whether a Pod asks for less of anything than before; what its node has not given back yet counts. */
function asksForLess(pod: Pod, previous: Pod): boolean {
  const now = podRequests(pod);
  for (const [resource, value] of podRequests(previous)) if ((now.get(resource) ?? -1) < value) return true;
  return false;
}

/** By far the most updates are of statuses alone; a spec that changed has another generation. */
function isSpecSame({ metadata }: Pod, { metadata: before }: Pod): boolean {
  return metadata.generation !== undefined && metadata.generation === before.generation;
}

/** What is different about a Pod; `Update` where it is nothing that anybody may care for. */
export function podChanges(pod: Pod, previous: Pod): EventAction[] {
  const actions: EventAction[] = [];
  if (differ(pod.metadata.labels, previous.metadata.labels)) actions.push('UpdatePodLabel');
  const same = isSpecSame(pod, previous);
  // A first generation was never resized: its status says nothing new of what it asks for.
  if (!(same && pod.metadata.generation === 1) && asksForLess(pod, previous))
    actions.push('UpdatePodScaleDown');
  if (!same) {
    const gates = ({ spec }: Pod) => (spec?.schedulingGates ?? []).length;
    if (gates(previous) > 0 && gates(pod) === 0) actions.push('UpdatePodSchedulingGatesEliminated');
    const tolerations = ({ spec }: Pod) => (spec?.tolerations ?? []).length;
    if (tolerations(pod) !== tolerations(previous)) actions.push('UpdatePodTolerations');
  }
  if (
    differ(pod.status?.resourceClaimStatuses, previous.status?.resourceClaimStatuses) ||
    differ(pod.status?.extendedResourceClaimStatus, previous.status?.extendedResourceClaimStatus)
  )
    actions.push('UpdatePodGeneratedResourceClaim');
  return actions.length > 0 ? actions : ['Update'];
}
