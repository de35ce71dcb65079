import { parseTime } from '@drydock/base/apimachinery';
import type { DaemonSet } from '@drydock/api/apps/v1';
import type { Node, Pod } from '@drydock/api/core/v1';
import { isPodAvailable, isPodReady, scaledValue } from '../shared/index.ts';
import { nodeShouldRunDaemonPod } from './eligibility.ts';
import { hashLabel, isPodUpdated, templateGenerationOf } from './pod-template.ts';

/** What there is, as the decisions see it. */
export interface DaemonView {
  readonly daemonSet: DaemonSet;
  /** The `controller-revision-hash` of the current template. */
  readonly hash: string;
  readonly nodes: readonly Node[];
  /** Name of a node → the Pods that are on it or meant for it. */
  readonly podsOnNode: ReadonlyMap<string, readonly Pod[]>;
  readonly nowMs: number;
}

export interface DaemonPlan {
  /** Names of nodes that get a Pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

/** Whether a failed Pod of a node is to wait before it is replaced. */
export type InBackoff = (nodeName: string) => boolean;

export interface ManagePlan extends DaemonPlan {
  readonly failed: readonly Pod[];
  readonly succeeded: readonly Pod[];
}

export function maxSurge(daemonSet: DaemonSet, desired: number): number {
  const strategy = daemonSet.spec.updateStrategy;
  if (strategy?.type !== 'RollingUpdate') return 0;
  return scaledValue(strategy.rollingUpdate?.maxSurge, desired, true);
}

export function maxUnavailable(daemonSet: DaemonSet, desired: number): number {
  const strategy = daemonSet.spec.updateStrategy;
  if (strategy?.type !== 'RollingUpdate') return 0;
  return scaledValue(strategy.rollingUpdate?.maxUnavailable ?? 1, desired, true);
}

function allowsSurge(daemonSet: DaemonSet): boolean {
  return maxSurge(daemonSet, 1) > 0;
}

function createdMs(pod: Pod): number {
  return pod.metadata.creationTimestamp ? parseTime(pod.metadata.creationTimestamp) : 0;
}

/** Placed before unplaced, then the older, then by name. */
function bySeniority(a: Pod, b: Pod): number {
  const placed = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  return (
    placed || createdMs(a) - createdMs(b) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)
  );
}

/** Pods to make and to delete so that each node has what it should have, whatever their revision. */
export function managePlan(view: DaemonView, inBackoff: InBackoff): ManagePlan {
  const plan = { create: [] as string[], remove: [] as Pod[], failed: [] as Pod[], succeeded: [] as Pod[] };
  const known = new Set<string>();
  for (const node of view.nodes) {
    known.add(node.metadata.name ?? '');
    manageNode(view, node, inBackoff, plan);
  }
  // A Pod that waits for a node that went away would wait for ever.
  for (const [nodeName, pods] of view.podsOnNode) {
    if (known.has(nodeName)) continue;
    plan.remove.push(...pods.filter((pod) => !pod.spec?.nodeName && !pod.metadata.deletionTimestamp));
  }
  return plan;
}

function manageNode(
  view: DaemonView,
  node: Node,
  inBackoff: InBackoff,
  plan: { create: string[]; remove: Pod[]; failed: Pod[]; succeeded: Pod[] },
): void {
  const { daemonSet } = view;
  const { name = '' } = node.metadata;
  const { shouldRun, shouldContinueRunning } = nodeShouldRunDaemonPod(node, daemonSet);
  const pods = view.podsOnNode.get(name);
  if (shouldRun && pods === undefined) {
    plan.create.push(name);
    return;
  }
  if (pods === undefined) return;
  const staying = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  if (!shouldContinueRunning) {
    plan.remove.push(...staying);
    return;
  }
  const running: Pod[] = [];
  for (const pod of staying) {
    if (pod.status?.phase === 'Failed') {
      if (inBackoff(name)) continue;
      plan.failed.push(pod);
      plan.remove.push(pod);
    } else if (pod.status?.phase === 'Succeeded') {
      plan.succeeded.push(pod);
      plan.remove.push(pod);
    } else running.push(pod);
  }
  if (running.length <= 1) return;
  running.sort(bySeniority);
  if (!allowsSurge(daemonSet)) {
    plan.remove.push(...running.slice(1));
    return;
  }
  // While it surges a node has two Pods: the oldest of the new and the oldest of the old revision.
  let oldestNew: Pod | undefined;
  let oldestOld: Pod | undefined;
  for (const pod of running) {
    if (pod.metadata.labels?.[hashLabel] === view.hash) {
      if (oldestNew === undefined) oldestNew = pod;
      else plan.remove.push(pod);
    } else if (oldestOld === undefined) oldestOld = pod;
    else plan.remove.push(pod);
  }
  if (oldestNew === undefined || oldestOld === undefined) return;
  // An old Pod that serves no more makes way at once, any other when the new one serves.
  if (!isPodReady(oldestOld) || isPodAvailable(oldestNew, daemonSet.spec.minReadySeconds ?? 0, view.nowMs))
    plan.remove.push(oldestOld);
}

/** How many nodes should have a Pod. */
export function desiredNumber(view: Pick<DaemonView, 'daemonSet' | 'nodes'>): number {
  return view.nodes.filter((node) => nodeShouldRunDaemonPod(node, view.daemonSet).shouldRun).length;
}

/** The new and the old Pod of one node; undefined when there are several of either, which `managePlan` sees to. */
export function findUpdatedPods(
  pods: readonly Pod[],
  hash: string,
  templateGeneration: string | undefined,
): { newPod: Pod | undefined; oldPod: Pod | undefined } | undefined {
  let newPod: Pod | undefined;
  let oldPod: Pod | undefined;
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp) continue;
    if (isPodUpdated(pod, hash, templateGeneration)) {
      if (newPod !== undefined) return undefined;
      newPod = pod;
    } else {
      if (oldPod !== undefined) return undefined;
      oldPod = pod;
    }
  }
  return { newPod, oldPod };
}

/** One step from the old revision to the new one. */
export function rollingUpdatePlan(view: DaemonView): DaemonPlan {
  const desired = desiredNumber(view);
  const surge = maxSurge(view.daemonSet, desired);
  const unavailable = maxUnavailable(view.daemonSet, desired);
  if (surge === 0) return replaceInPlace(view, unavailable === 0 ? 1 : unavailable);
  return replaceWithSurge(view, surge);
}

function replaceInPlace(view: DaemonView, allowed: number): DaemonPlan {
  const { daemonSet, nowMs, hash } = view;
  const minReadySeconds = daemonSet.spec.minReadySeconds ?? 0;
  const generation = templateGenerationOf(daemonSet);
  let unavailable = 0;
  const free: Pod[] = [];
  const candidates: Pod[] = [];
  const empty = view.nodes.filter(
    (node) =>
      !view.podsOnNode.has(node.metadata.name ?? '') && nodeShouldRunDaemonPod(node, daemonSet).shouldRun,
  );
  for (const pods of [...view.podsOnNode.values(), ...empty.map(() => [])]) {
    const found = findUpdatedPods(pods, hash, generation);
    const { newPod, oldPod } = found ?? {};
    if (newPod === undefined && oldPod !== undefined) {
      // What does not serve anyway is replaced at once.
      if (isPodAvailable(oldPod, minReadySeconds, nowMs)) candidates.push(oldPod);
      else {
        free.push(oldPod);
        unavailable++;
      }
    } else if (
      newPod === undefined ||
      oldPod !== undefined ||
      !isPodAvailable(newPod, minReadySeconds, nowMs)
    ) {
      unavailable++;
    }
  }
  return { create: [], remove: [...free, ...candidates.slice(0, Math.max(0, allowed - unavailable))] };
}

function replaceWithSurge(view: DaemonView, allowed: number): DaemonPlan {
  const { daemonSet, nowMs, hash } = view;
  const available = (pod: Pod) => isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, nowMs);
  const generation = templateGenerationOf(daemonSet);
  const nodes = new Map(view.nodes.map((node) => [node.metadata.name ?? '', node]));
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const free: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  let serving = 0;
  for (const [nodeName, pods] of view.podsOnNode) {
    const found = findUpdatedPods(pods, hash, generation);
    if (found === undefined) {
      surging++;
      continue;
    }
    const { newPod, oldPod } = found;
    const counted = oldPod ?? newPod;
    if (counted !== undefined && available(counted)) serving++;
    if (oldPod === undefined) continue;
    if (newPod !== undefined) {
      if (available(newPod)) remove.push(oldPod);
      else surging++;
      continue;
    }
    const node = nodes.get(nodeName);
    if (node === undefined) continue;
    const { shouldRun } = nodeShouldRunDaemonPod(node, daemonSet);
    if (available(oldPod)) {
      if (shouldRun) candidates.push(nodeName);
      else misplaced.push(oldPod);
    } else if (shouldRun) free.push(nodeName);
    else remove.push(oldPod);
  }
  // Who surges wants no gap: Pods that serve where none should be go only as others serve in their stead.
  const spare = Math.max(0, serving - desiredNumber(view));
  return {
    create: [...free, ...candidates.slice(0, Math.max(0, allowed - surging))],
    remove: [...remove, ...misplaced.slice(0, spare)],
  };
}

/** The counts of the status. */
export interface DaemonCounts {
  readonly desiredNumberScheduled: number;
  readonly currentNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly numberReady: number;
  readonly updatedNumberScheduled: number;
  readonly numberAvailable: number;
  readonly numberUnavailable: number;
}

export function countDaemons(view: DaemonView): DaemonCounts {
  const { daemonSet, hash, nowMs } = view;
  const generation = templateGenerationOf(daemonSet);
  let [desired, current, misscheduled, ready, updated, available] = [0, 0, 0, 0, 0, 0];
  for (const node of view.nodes) {
    const pods = view.podsOnNode.get(node.metadata.name ?? '') ?? [];
    if (!nodeShouldRunDaemonPod(node, daemonSet).shouldRun) {
      if (pods.length > 0) misscheduled++;
      continue;
    }
    desired++;
    const pod = [...pods].sort(bySeniority)[0];
    if (pod === undefined) continue;
    current++;
    if (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) {
      ready++;
      if (isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, nowMs)) available++;
    }
    if (isPodUpdated(pod, hash, generation)) updated++;
  }
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    updatedNumberScheduled: updated,
    numberAvailable: available,
    numberUnavailable: desired - available,
  };
}
