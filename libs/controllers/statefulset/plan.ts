import type { StatefulSet, StatefulSetStatus } from '@drydock/api/apps/v1';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from '@drydock/api/core/v1';
import { omitZeros, scaledValue } from '../shared/index.ts';
import { isClaimStale, ownersMatch } from './claim-owners.ts';
import {
  claimsOf,
  identityMatches,
  inOrdinalRange,
  isCreated,
  isRunningAndAvailable,
  isRunningAndReady,
  isTerminating,
  isUnavailable,
  newPod,
  ordinalOf,
  revisionOf,
  startOrdinal,
  storageMatches,
} from './pods.ts';

/** One revision of the template. */
export interface Revision {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

export interface StatefulView {
  readonly set: StatefulSet;
  readonly current: Revision;
  readonly update: Revision;
  readonly collisionCount: number;
  /** The Pods that the set owns. */
  readonly pods: readonly Pod[];
  /** A claim of the set's namespace. */
  claim(name: string): PersistentVolumeClaim | undefined;
  readonly nowMs: number;
}

export type StatefulAction =
  | { readonly kind: 'create'; readonly pod: Pod }
  | { readonly kind: 'delete'; readonly pod: Pod }
  /** Makes claims that a waiting Pod lacks. */
  | { readonly kind: 'claims'; readonly pod: Pod }
  /** Puts identity, storage and owners of claims right. */
  | { readonly kind: 'update'; readonly pod: Pod }
  | { readonly kind: 'claim-owners'; readonly pod: Pod };

export interface StatefulPlan {
  readonly actions: readonly StatefulAction[];
  readonly status: StatefulSetStatus;
}

interface Counts {
  replicas: number;
  readyReplicas: number;
  availableReplicas: number;
  currentReplicas: number;
  updatedReplicas: number;
}

function count(view: StatefulView, pods: readonly Pod[]): Counts {
  const minReadySeconds = view.set.spec.minReadySeconds ?? 0;
  const counts = {
    replicas: 0,
    readyReplicas: 0,
    availableReplicas: 0,
    currentReplicas: 0,
    updatedReplicas: 0,
  };
  for (const pod of pods) {
    if (isRunningAndReady(pod)) {
      counts.readyReplicas++;
      if (isRunningAndAvailable(pod, minReadySeconds, view.nowMs)) counts.availableReplicas++;
    }
    if (!isCreated(pod)) continue;
    counts.replicas++;
    if (isTerminating(pod)) continue;
    if (revisionOf(pod) === view.current.name) counts.currentReplicas++;
    if (revisionOf(pod) === view.update.name) counts.updatedReplicas++;
  }
  return counts;
}

/** The revision at which a missing Pod is made anew. */
function revisionFor(view: StatefulView, ordinal: number): Revision {
  const { set } = view;
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const start = startOrdinal(set);
  const keeps =
    rollingUpdate === undefined
      ? type === 'RollingUpdate' && ordinal < start + (set.status?.currentReplicas ?? 0)
      : ordinal < start + (rollingUpdate.partition ?? 0);
  return keeps ? view.current : view.update;
}

/** How many may be missing while the set is updated: a percentage rounds down, but never to 0. */
export function maxUnavailable(set: StatefulSet): number {
  const wanted = set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  return Math.max(1, scaledValue(wanted, set.spec.replicas ?? 1, false));
}

/** What to do next, in order, and the status that goes with what was seen. In ordered mode one thing at a time. */
export function planStatefulSet(view: StatefulView): StatefulPlan {
  const { set, nowMs } = view;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const actions: StatefulAction[] = [];
  const start = startOrdinal(set);
  const replicas: Pod[] = [];
  const condemned: Pod[] = [];
  const byOrdinal = new Map<number, Pod>();
  for (const pod of view.pods) {
    const ordinal = ordinalOf(pod);
    if (ordinal < 0) continue;
    if (inOrdinalRange(set, ordinal)) byOrdinal.set(ordinal, pod);
    else condemned.push(pod);
  }
  for (let ordinal = start; ordinal < start + (set.spec.replicas ?? 1); ordinal++) {
    const present = byOrdinal.get(ordinal);
    if (present !== undefined) replicas.push(present);
    else {
      const revision = revisionFor(view, ordinal);
      replicas.push(newPod(set, revision.template, revision.name, ordinal));
    }
  }
  condemned.sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const finish = (counts: Counts): StatefulPlan => ({ actions, status: statusOf(view, counts) });
  if (set.metadata.deletionTimestamp !== undefined) return finish(count(view, view.pods));

  const monotonic = set.spec.podManagementPolicy !== 'Parallel';
  const seen = () => count(view, [...replicas, ...condemned]);
  let isOver = false;
  for (const pod of replicas) {
    const outcome = replicaStep(view, pod, monotonic, actions);
    if (outcome === 'wait' && monotonic) return finish(seen());
    isOver ||= outcome === 'over';
  }
  if (isOver) return finish(seen());
  for (const pod of condemned) {
    if (!claimsMatch(view, pod)) actions.push({ kind: 'claim-owners', pod });
  }
  const unavailable = (pod: Pod) => isUnavailable(pod, minReadySeconds, nowMs);
  const firstUnavailable = replicas.find(unavailable) ?? [...condemned].reverse().find(unavailable);
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (monotonic) return finish(seen());
      continue;
    }
    if (monotonic && !isRunningAndAvailable(pod, minReadySeconds, nowMs) && pod !== firstUnavailable)
      return finish(seen());
    actions.push({ kind: 'delete', pod });
    if (monotonic) return finish(seen());
  }
  const counts = seen();
  if (set.spec.updateStrategy?.type !== 'OnDelete') {
    const chosen = podsToUpdate(view, replicas);
    for (const pod of chosen) actions.push({ kind: 'delete', pod });
    counts.currentReplicas -= chosen.length;
  }
  return finish(counts);
}

/**
 * Adds what one replica needs. `wait`: those after it have to wait in ordered mode. `over`: the replicas are seen to first
 * in either mode, and nothing is scaled down or updated before.
 */
function replicaStep(
  view: StatefulView,
  pod: Pod,
  monotonic: boolean,
  actions: StatefulAction[],
): 'wait' | 'over' | undefined {
  const { set, nowMs } = view;
  const phase = pod.status?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') {
    if (!isTerminating(pod)) actions.push({ kind: 'delete', pod });
    return monotonic ? 'wait' : 'over';
  }
  if (!isCreated(pod)) {
    const stale = claimsOf(set, ordinalOf(pod)).some(({ metadata }) => {
      const claim = view.claim(metadata.name ?? '');
      return claim !== undefined && isClaimStale(claim, set, pod);
    });
    if (stale) return monotonic ? 'wait' : 'over';
    actions.push({ kind: 'create', pod });
    return 'wait';
  }
  if (phase === 'Pending') {
    const lacking = claimsOf(set, ordinalOf(pod)).some(
      ({ metadata }) => view.claim(metadata.name ?? '') === undefined,
    );
    if (lacking) actions.push({ kind: 'claims', pod });
  }
  if (monotonic) {
    if (isTerminating(pod)) return 'wait';
    if (!isRunningAndAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)) return 'wait';
  }
  if (!identityMatches(set, pod) || !storageMatches(set, pod) || !claimsMatch(view, pod))
    actions.push({ kind: 'update', pod });
  return undefined;
}

function claimsMatch(view: StatefulView, pod: Pod): boolean {
  return claimsOf(view.set, ordinalOf(pod)).every(({ metadata }) => {
    const claim = view.claim(metadata.name ?? '');
    return claim === undefined || ownersMatch(claim, view.set, pod);
  });
}

/** Pods of an older revision that go now, highest ordinal first. */
function podsToUpdate(view: StatefulView, replicas: readonly Pod[]): Pod[] {
  const { set, nowMs } = view;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const parallel = set.spec.podManagementPolicy === 'Parallel';
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const available = (pod: Pod) => isRunningAndAvailable(pod, minReadySeconds, nowMs);
  const unavailable = replicas.filter((pod) => isUnavailable(pod, minReadySeconds, nowMs)).length;
  const budget = Math.max(0, maxUnavailable(set) - unavailable);
  const outdated = replicas
    .slice(partition)
    .filter((pod) => isCreated(pod) && revisionOf(pod) !== view.update.name && !isTerminating(pod))
    .reverse();
  if (!parallel) return outdated.slice(0, budget);
  // Those that do not serve anyway cost nothing of the budget.
  return [...outdated.filter((pod) => !available(pod)), ...outdated.filter(available).slice(0, budget)];
}

function statusOf(view: StatefulView, counts: Counts): StatefulSetStatus {
  const { set, current, update } = view;
  const wanted = set.spec.replicas ?? 1;
  const { replicas, readyReplicas, updatedReplicas } = counts;
  const complete =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    updatedReplicas === wanted &&
    readyReplicas === wanted &&
    replicas === wanted;
  const status: StatefulSetStatus = {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...omitZeros({ ...counts, currentReplicas: complete ? updatedReplicas : counts.currentReplicas }, [
      'replicas',
      'availableReplicas',
    ]),
    currentRevision: complete ? update.name : current.name,
    updateRevision: update.name,
    collisionCount: view.collisionCount,
  };
  if (set.status?.conditions !== undefined) status.conditions = set.status.conditions;
  return status;
}
