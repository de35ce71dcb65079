import type { Node, Pod } from '@drydock/api/core/v1';
import type { EventAction } from '../framework/index.ts';

const differ = (a: unknown, b: unknown) => a !== b && JSON.stringify(a) !== JSON.stringify(b);

/** What is different about a node, as far as waiting Pods may care; nothing for a mere heartbeat. */
export function nodeChanges(node: Node, previous: Node): EventAction[] {
  const actions: EventAction[] = [];
  if (differ(node.metadata.labels, previous.metadata.labels)) actions.push('UpdateNodeLabel');
  if (
    differ(node.spec?.taints, previous.spec?.taints) ||
    (node.spec?.unschedulable ?? false) !== (previous.spec?.unschedulable ?? false)
  )
    actions.push('UpdateNodeTaint');
  if (differ(node.status?.allocatable, previous.status?.allocatable)) actions.push('UpdateNodeAllocatable');
  const statuses = ({ status }: Node) =>
    status?.conditions?.map(({ type, status: value }) => `${type}=${value}`);
  if (differ(statuses(node), statuses(previous))) actions.push('UpdateNodeCondition');
  return actions;
}

/** What is different about a Pod. */
export function podChanges(pod: Pod, previous: Pod): EventAction[] {
  const actions: EventAction[] = [];
  if (differ(pod.metadata.labels, previous.metadata.labels)) actions.push('UpdatePodLabel');
  if (
    differ(pod.status?.resourceClaimStatuses, previous.status?.resourceClaimStatuses) ||
    differ(pod.status?.extendedResourceClaimStatus, previous.status?.extendedResourceClaimStatus)
  )
    actions.push('UpdatePodGeneratedResourceClaim');
  if (pod.spec === previous.spec || !differ(pod.spec, previous.spec)) return actions;
  const requests = ({ spec }: Pod) => [
    spec?.resources?.requests,
    spec?.containers?.map(({ resources }) => resources?.requests),
  ];
  if (differ(requests(pod), requests(previous))) actions.push('UpdatePodScaleDown');
  if (differ(pod.spec?.tolerations, previous.spec?.tolerations)) actions.push('UpdatePodTolerations');
  if ((previous.spec?.schedulingGates ?? []).length > 0 && (pod.spec?.schedulingGates ?? []).length === 0)
    actions.push('UpdatePodSchedulingGatesEliminated');
  return [...actions, 'Update'];
}
