import { formatTime, semanticEqual, type LabelMatcher } from '@drydock/base/apimachinery';
import type { ReplicaSetCondition, ReplicaSetStatus } from '@drydock/api/apps/v1';
import type { Pod } from '@drydock/api/core/v1';
import { isPodAvailable, isPodReady, omitZeros } from '../shared/index.ts';

export interface StatusInput {
  readonly desired: number;
  readonly minReadySeconds: number;
  /** Matches what carries all labels of the template. */
  readonly templateLabels: LabelMatcher;
  readonly activePods: readonly Pod[];
  /** undefined: the kind does not tell. */
  readonly terminating: number | undefined;
  readonly previous: ReplicaSetStatus | undefined;
  /** What went wrong when Pods were made or deleted. */
  readonly failure: Error | undefined;
  readonly nowMs: number;
}

/** The status of a ReplicaSet or ReplicationController, but for observedGeneration, which the write adds. */
export function replicaStatus(input: StatusInput): ReplicaSetStatus {
  const { activePods, minReadySeconds, nowMs, previous, templateLabels } = input;
  let fullyLabeled = 0;
  let ready = 0;
  let available = 0;
  for (const pod of activePods) {
    if (templateLabels.matches(pod.metadata.labels)) fullyLabeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    if (isPodAvailable(pod, minReadySeconds, nowMs)) available++;
  }
  const counts = { fullyLabeledReplicas: fullyLabeled, readyReplicas: ready, availableReplicas: available };
  const status: ReplicaSetStatus = { replicas: activePods.length, ...omitZeros(counts) };
  if (input.terminating !== undefined) status.terminatingReplicas = input.terminating;
  if (previous?.observedGeneration !== undefined) status.observedGeneration = previous.observedGeneration;
  const conditions = failureConditions(input, activePods.length);
  if (conditions.length > 0) status.conditions = conditions;
  return status;
}

function failureConditions(input: StatusInput, active: number): ReplicaSetCondition[] {
  const before = input.previous?.conditions ?? [];
  const others = before.filter((condition) => condition.type !== 'ReplicaFailure');
  if (!input.failure) return others;
  // A condition that stands already keeps its first message and time.
  if (others.length < before.length) return before;
  return [
    ...others,
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: active < input.desired ? 'FailedCreate' : 'FailedDelete',
      message: input.failure.message,
      lastTransitionTime: formatTime(input.nowMs),
    },
  ];
}

/** Whether writing `status` would tell nothing new. */
export function sameStatus(
  stored: ReplicaSetStatus | undefined,
  status: ReplicaSetStatus,
  generation: number | undefined,
): boolean {
  return semanticEqual(stored, status) && (stored?.observedGeneration ?? 0) === (generation ?? 0);
}
