import { cloneJson, parseTime, semanticEqual } from '@drydock/base/apimachinery';
import type { Deployment, ReplicaSet } from '@drydock/api/apps/v1';
import type { PodTemplateSpec } from '@drydock/api/core/v1';
import { revisionOf } from './annotations.ts';

export const podTemplateHashLabel = 'pod-template-hash';

export function replicasOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec.replicas ?? 0;
}

export function sumReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, one) => sum + replicasOf(one), 0);
}

export function sumStatus(
  replicaSets: readonly ReplicaSet[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas',
): number {
  return replicaSets.reduce((sum, one) => sum + (one.status?.[field] ?? 0), 0);
}

/** Those that ask for Pods. */
export function withReplicas(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter((one) => replicasOf(one) > 0);
}

function createdMs(replicaSet: ReplicaSet): number {
  const { creationTimestamp } = replicaSet.metadata;
  return creationTimestamp ? parseTime(creationTimestamp) : 0;
}

/** Older first; by name where they are as old. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  return createdMs(a) - createdMs(b) || compare(a.metadata.name, b.metadata.name);
}

export function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const [x, y] = [revisionOf(a), revisionOf(b)];
  return x === y ? byAge(a, b) : x < y ? -1 : 1;
}

/** Larger first; of the same size the older (or the newer) first. */
export function bySizeOlder(a: ReplicaSet, b: ReplicaSet): number {
  return replicasOf(b) - replicasOf(a) || byAge(a, b);
}
export function bySizeNewer(a: ReplicaSet, b: ReplicaSet): number {
  return replicasOf(b) - replicasOf(a) || byAge(b, a);
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The oldest ReplicaSet whose template is the Deployment's, the hash label aside. */
export function findNewReplicaSet(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): ReplicaSet | undefined {
  return [...replicaSets]
    .sort(byAge)
    .find((one) => sameTemplate(deployment.spec.template, one.spec.template));
}

export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  if (template?.metadata?.labels?.[podTemplateHashLabel] === undefined) return template;
  const { [podTemplateHashLabel]: _hash, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The one ReplicaSet that a change of size goes to: the only one with Pods, or the latest when none has; else undefined. */
export function activeOrLatest(
  newReplicaSet: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const all = newReplicaSet ? [...old, newReplicaSet] : old;
  const active = withReplicas(all);
  if (active.length > 1) return undefined;
  return active[0] ?? newReplicaSet ?? [...old].sort(byAge).at(-1);
}

/** A private copy with another size. */
export function resized(
  replicaSet: ReplicaSet,
  replicas: number,
  annotations: Record<string, string>,
): ReplicaSet {
  const copy = cloneJson(replicaSet);
  copy.spec.replicas = replicas;
  copy.metadata.annotations = { ...copy.metadata.annotations, ...annotations };
  return copy;
}
