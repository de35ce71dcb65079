import { parseTime } from '@drydock/base/apimachinery';
import type { ContainerStatus, Pod } from '@drydock/api/core/v1';
import { isPodReady, readySinceMs } from '../shared/index.ts';

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * The `count` Pods that a scale-down takes, in Kubernetes' order: unassigned before assigned, Pending before Unknown
 * before Running, not ready before ready, lower `pod-deletion-cost`, more related Pods on the same node, ready for a
 * shorter time, more restarts, younger. Ages compare by their order of magnitude, then by uid, so that the youngest are
 * not always the ones to go.
 * @param related active Pods of the same purpose (those of all ReplicaSets of one Deployment), for the count a node
 */
export function podsToDelete(
  pods: readonly Pod[],
  related: readonly Pod[],
  count: number,
  nowMs: number,
): Pod[] {
  if (count >= pods.length) return [...pods];
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => rank(pod, onNode, nowMs));
  ranked.sort(compareRanks);
  return ranked.slice(0, count).map(({ pod }) => pod);
}

/**
 * Pods in the order in which they are given up where nothing but their own state counts: unassigned, Pending, Unknown,
 * not ready, ready for a shorter time, more restarts, younger.
 */
export function leastUsefulFirst(pods: readonly Pod[]): Pod[] {
  const none = new Map<string, number>();
  return pods
    .map((pod) => ({ ...rank(pod, none, 0), cost: 0 }))
    .sort(
      (a, b) =>
        compareStates(a, b) || compareReadiness(a, b) || compareRestarts(a, b) || b.createdMs - a.createdMs,
    )
    .map(({ pod }) => pod);
}

interface Rank {
  readonly pod: Pod;
  readonly assigned: number;
  readonly phase: number;
  readonly ready: number;
  readonly cost: number;
  readonly crowd: number;
  readonly readySince: number | undefined;
  readonly readyMagnitude: number;
  readonly restarts: number;
  readonly sidecarRestarts: number;
  readonly createdMs: number;
  readonly ageMagnitude: number;
}

function rank(pod: Pod, onNode: ReadonlyMap<string, number>, nowMs: number): Rank {
  const readySince = readySinceMs(pod);
  const createdMs = pod.metadata.creationTimestamp ? parseTime(pod.metadata.creationTimestamp) : 0;
  return {
    pod,
    assigned: pod.spec?.nodeName ? 1 : 0,
    phase: phaseOrder[pod.status?.phase ?? ''] ?? 0,
    ready: isPodReady(pod) ? 1 : 0,
    cost: deletionCost(pod),
    crowd: onNode.get(pod.spec?.nodeName ?? '') ?? 0,
    readySince,
    readyMagnitude: readySince === undefined ? -1 : magnitude(nowMs - readySince),
    restarts: maxRestarts(pod.status?.containerStatuses),
    sidecarRestarts: maxRestarts(sidecars(pod)),
    createdMs,
    ageMagnitude: magnitude(nowMs - createdMs),
  };
}

function compareStates(a: Rank, b: Rank): number {
  return (
    a.assigned - b.assigned || a.phase - b.phase || a.ready - b.ready || a.cost - b.cost || b.crowd - a.crowd
  );
}

/** Since when Pods have been ready, to the moment; one that does not tell goes first. */
function compareReadiness(a: Rank, b: Rank): number {
  if (a.ready !== 1 || a.readySince === b.readySince) return 0;
  if (a.readySince === 0 || b.readySince === 0) return a.readySince === 0 ? -1 : 1;
  return (b.readySince ?? 0) - (a.readySince ?? 0);
}

function compareRestarts(a: Rank, b: Rank): number {
  return b.restarts - a.restarts || b.sidecarRestarts - a.sidecarRestarts;
}

function compareRanks(a: Rank, b: Rank): number {
  const byState = compareStates(a, b);
  if (byState !== 0) return byState;
  if (a.ready === 1 && a.readySince !== b.readySince) {
    if (a.readySince === 0 || b.readySince === 0) return compareReadiness(a, b);
    return a.readyMagnitude - b.readyMagnitude || compareUids(a, b);
  }
  const byRestarts = compareRestarts(a, b);
  if (byRestarts !== 0) return byRestarts;
  if (a.createdMs !== b.createdMs) return a.ageMagnitude - b.ageMagnitude || compareUids(a, b);
  return 0;
}

function compareUids(a: Rank, b: Rank): number {
  const [left = '', right = ''] = [a.pod.metadata.uid, b.pod.metadata.uid];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The power of two of a duration in nanoseconds, Kubernetes' unit. */
function magnitude(durationMs: number): number {
  return durationMs > 0 ? Math.trunc(Math.log2(durationMs * 1e6)) : -1;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCostAnnotation] ?? '';
  return /^(0|-?[1-9][0-9]*)$/.test(text) ? Number(text) : 0;
}

function maxRestarts(statuses: readonly ContainerStatus[] | undefined): number {
  return (statuses ?? []).reduce((most, { restartCount = 0 }) => Math.max(most, restartCount), 0);
}

function sidecars(pod: Pod): readonly ContainerStatus[] {
  const names = new Set(
    pod.spec?.initContainers?.filter((one) => one.restartPolicy === 'Always').map((one) => one.name),
  );
  if (names.size === 0) return [];
  return (pod.status?.initContainerStatuses ?? []).filter(({ name }) => names.has(name));
}
