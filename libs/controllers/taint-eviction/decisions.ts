import { parseTime } from '@drydock/base/apimachinery';
import { tolerates } from '@drydock/api/node-matching';
import type { Node, Pod, Taint, Toleration } from '@drydock/api/core/v1';

export function noExecuteTaints(node: Node | undefined): Taint[] {
  return (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}

/** For each taint the first toleration that covers it; undefined when one is not covered. */
export function matchingTolerations(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): Toleration[] | undefined {
  const used: Toleration[] = [];
  for (const taint of taints) {
    const found = tolerations.find((toleration) => tolerates(toleration, taint));
    if (found === undefined) return undefined;
    used.push(found);
  }
  return used;
}

/** How long tolerations hold together: the shortest; Infinity when none is limited. */
export function tolerationMs(used: readonly Toleration[]): number {
  if (used.length === 0) return 0;
  const limits = used.flatMap(({ tolerationSeconds }) =>
    tolerationSeconds === undefined || tolerationSeconds === null ? [] : [Number(tolerationSeconds)],
  );
  return limits.length === 0 ? Infinity : Math.max(0, Math.min(...limits)) * 1000;
}

/** An eviction that is planned. */
export interface PlannedEviction {
  readonly sinceMs: number;
  readonly atMs: number;
}

/**
 * From when tolerations count: when the Pod met the last of the taints. Taints that do not say since when they are there
 * count from now. A loop that starts anew thus does not start the Pods' time anew.
 */
export function metTaintsMs(taints: readonly Taint[], pod: Pod, nowMs: number): number {
  const added = taints.map(({ timeAdded }) => (timeAdded ? parseTime(timeAdded) : nowMs));
  const bound =
    pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime ??
    pod.metadata.creationTimestamp;
  return Math.min(nowMs, Math.max(...added, bound ? parseTime(bound) : nowMs));
}

/**
 * When a Pod must leave its node, given what was planned before: undefined when it may stay. `metMs` is when the Pod met
 * the taints. A plan that stands is neither put off nor moved forward by other tolerations or taints.
 */
export function planEviction(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  planned: PlannedEviction | undefined,
  nowMs: number,
  metMs = nowMs,
): PlannedEviction | undefined {
  if (taints.length === 0) return undefined;
  const used = matchingTolerations(taints, tolerations);
  if (used === undefined) return { sinceMs: planned?.sinceMs ?? metMs, atMs: nowMs };
  const limitMs = tolerationMs(used);
  if (limitMs === Infinity) return undefined;
  return planned ?? { sinceMs: metMs, atMs: metMs + limitMs };
}
