import type { DaemonSet } from '@drydock/api/apps/v1';
import type { Node } from '@drydock/api/core/v1';
import { nodeSelectorMatches, untolerated } from '@drydock/api/node-matching';
import { daemonTolerations } from './pod-template.ts';

export interface Eligibility {
  /** A Pod belongs there. */
  readonly shouldRun: boolean;
  /** A Pod that is there already may stay. */
  readonly shouldContinueRunning: boolean;
}

/** Whether a node takes a Pod of the set: by name, node selector and affinity, and by its taints. */
export function nodeShouldRunDaemonPod(node: Node, daemonSet: DaemonSet): Eligibility {
  const spec = daemonSet.spec.template.spec ?? { containers: [] };
  const { name, labels } = node.metadata;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fits =
    (!spec.nodeName || spec.nodeName === name) &&
    Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels?.[key] === value) &&
    (required === undefined || nodeSelectorMatches(required, node));
  if (!fits) return { shouldRun: false, shouldContinueRunning: false };
  const tolerations = daemonTolerations(spec);
  const taints = node.spec?.taints;
  if (untolerated(taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined)
    return { shouldRun: true, shouldContinueRunning: true };
  const evicts = untolerated(taints, tolerations, ['NoExecute']) !== undefined;
  return { shouldRun: false, shouldContinueRunning: !evicts };
}
