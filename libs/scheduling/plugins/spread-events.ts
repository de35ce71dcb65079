import type { Node, Pod } from '@drydock/api/core/v1';
import { semanticEqual } from '@drydock/base/apimachinery';
import type { ClusterEvent, ClusterEventInterest, PodInfo } from '../framework/index.ts';
import type { Constraint } from './pod-topology-spread.ts';

type Labels = Readonly<Record<string, string>> | undefined;

const selects = (constraints: readonly Constraint[], labels: Labels) =>
  constraints.some(({ selector }) => selector.matches(labels));
const hasDomains = (constraints: readonly Constraint[], { metadata }: Node) =>
  constraints.every(({ topologyKey }) => metadata.labels?.[topologyKey] !== undefined);

/** Whether a Pod has a say in how another is spread: it is that Pod, or is somewhere in its namespace. */
const counts = (pod: PodInfo, { metadata, spec }: Pod) =>
  metadata.uid === pod.pod.metadata.uid || (!!spec?.nodeName && metadata.namespace === pod.namespace);

function podHelps(constraints: readonly Constraint[], pod: PodInfo, { object, previous }: ClusterEvent) {
  const [now, before] = [object, previous] as (Pod | undefined)[];
  if ((now !== undefined && !counts(pod, now)) || (before !== undefined && !counts(pod, before)))
    return false;
  if (now === undefined || before === undefined)
    return selects(constraints, (now ?? before)?.metadata.labels);
  if (
    now.metadata.uid === pod.pod.metadata.uid &&
    !semanticEqual(now.spec?.tolerations, before.spec?.tolerations) &&
    constraints.some(({ honorTaints }) => honorTaints)
  )
    return true;
  return constraints.some(
    ({ selector }) => selector.matches(now.metadata.labels) !== selector.matches(before.metadata.labels),
  );
}

function nodeHelps(constraints: readonly Constraint[], { object, previous }: ClusterEvent): boolean {
  const [now, before] = [object, previous] as (Node | undefined)[];
  if (now === undefined || before === undefined)
    return [now, before].some((node) => node !== undefined && hasDomains(constraints, node));
  const counted = hasDomains(constraints, now);
  if (counted !== hasDomains(constraints, before)) return true;
  if (!counted) return false;
  return (
    constraints.some(
      ({ topologyKey }) => now.metadata.labels?.[topologyKey] !== before.metadata.labels?.[topologyKey],
    ) || !semanticEqual(now.spec?.taints, before.spec?.taints)
  );
}

/** After which events a Pod is worth another try that its hard constraints kept from all nodes. */
export function spreadEvents(
  constraintsOf: (pod: PodInfo) => readonly Constraint[],
): readonly ClusterEventInterest[] {
  return [
    {
      resource: 'Pod',
      actions: ['Add', 'Delete', 'UpdatePodLabel', 'UpdatePodTolerations'],
      hint: (pod, event) => podHelps(constraintsOf(pod), pod, event),
    },
    {
      resource: 'Node',
      actions: ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'],
      hint: (pod, event) => nodeHelps(constraintsOf(pod), event),
    },
  ];
}
