import type { CycleState, NodeInfo, PodInfo, Status } from '../framework/index.ts';
import { addPodTo, cloneNodeInfo } from '../framework/index.ts';
import type { EnabledPlugin } from '../profile/index.ts';

/** Pods that preemption has promised a place on a node. */
export type NominatedPods = (nodeName: string) => readonly PodInfo[];

/** The filters and the plugins with state, as one attempt uses them. */
export interface FilterRun {
  readonly filters: readonly EnabledPlugin[];
  /** Plugins whose preFilter state follows Pods that come and go. */
  readonly stateful: readonly EnabledPlugin[];
  readonly nominated: NominatedPods;
}

/** The first refusal of a node counts. */
function runFilters(
  filters: readonly EnabledPlugin[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | undefined {
  for (let at = 0; at < filters.length; at++) {
    const plugin = filters[at]?.plugin;
    const status = plugin?.filter?.(state, pod, node);
    if (status !== undefined) {
      status.plugin ??= plugin?.name;
      return status;
    }
  }
  return undefined;
}

/**
 * Whether a node does, also when the Pods nominated to it with at least the same priority were there; and without
 * them, since they may never come.
 */
export function filterNode(
  run: FilterRun,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | undefined {
  const guests = run
    .nominated(node.name)
    .filter((guest) => guest.key !== pod.key && guest.priority >= pod.priority && !node.pods.has(guest.key));
  if (guests.length > 0) {
    const crowded = cloneNodeInfo(node);
    for (const guest of guests) {
      addPodTo(crowded, guest);
      for (const { plugin } of run.stateful) plugin.addPod?.(state, pod, guest, crowded);
    }
    const status = runFilters(run.filters, state, pod, crowded);
    for (const guest of guests)
      for (const { plugin } of run.stateful) plugin.removePod?.(state, pod, guest, crowded);
    if (status !== undefined) return status;
  }
  return runFilters(run.filters, state, pod, node);
}
