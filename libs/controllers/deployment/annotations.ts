import type { Deployment, ReplicaSet } from '@drydock/api/apps/v1';
import { desiredReplicas, maxSurge } from './fenceposts.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** What a ReplicaSet does not take over from its Deployment. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.daemonset.template.generation',
]);
/** Longest history of revisions kept in the annotation, in characters. */
const maxHistoryLength = 2000;

type Annotations = Record<string, string>;

/** The revision of a ReplicaSet, which may use all 64 bits; 0 when it has none. */
export function revisionOf(replicaSet: ReplicaSet): bigint {
  return parseRevision(replicaSet.metadata.annotations?.[revisionAnnotation]) ?? 0n;
}

export function maxRevision(replicaSets: readonly ReplicaSet[]): bigint {
  return replicaSets.map(revisionOf).reduce((max, one) => (one > max ? one : max), 0n);
}

function parseRevision(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^-?[0-9]+$/.test(text)) return undefined;
  const revision = BigInt(text);
  return BigInt.asIntN(64, revision) === revision ? revision : undefined;
}

export function desiredOf(replicaSet: ReplicaSet): number | undefined {
  return parseCount(replicaSet.metadata.annotations?.[desiredReplicasAnnotation]);
}

export function maxReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return parseCount(replicaSet.metadata.annotations?.[maxReplicasAnnotation]);
}

function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^-?[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** The annotations that tell a ReplicaSet of the size of its Deployment. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = desiredReplicas(deployment);
  return {
    [desiredReplicasAnnotation]: String(desired),
    [maxReplicasAnnotation]: String(desired + maxSurge(deployment)),
  };
}

/** Whether `annotations` lacks any of `wanted`. */
export function lacks(annotations: Annotations | undefined, wanted: Annotations): boolean {
  return Object.entries(wanted).some(([name, value]) => annotations?.[name] !== value);
}

/**
 * The annotations of the new ReplicaSet at `newRevision`: the Deployment's, the revision, and when it was new before (a
 * rollback) the revisions it had then. Returns the very same instance when nothing changes.
 * @param exists false for one that is about to be created: it then also gets the size
 */
export function newReplicaSetAnnotations(
  deployment: Deployment,
  current: Annotations,
  newRevision: bigint,
  exists: boolean,
): Annotations {
  const next = { ...current };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notCopied.has(name)) next[name] = value;
  }
  const oldRevision = current[revisionAnnotation];
  const oldNumber = oldRevision === undefined || oldRevision === '' ? 0n : parseRevision(oldRevision);
  if (oldNumber !== undefined) {
    if (oldNumber < newRevision) {
      next[revisionAnnotation] = String(newRevision);
      if (oldRevision !== undefined) {
        const history = withRevision(current[revisionHistoryAnnotation] ?? '', oldRevision);
        if (history !== undefined) next[revisionHistoryAnnotation] = history;
      }
    }
    if (!exists) Object.assign(next, sizeAnnotations(deployment));
  }
  return lacks(current, next) ? next : current;
}

/** Appends a revision to the history, dropping the oldest ones where it grows too long; undefined when it cannot fit. */
function withRevision(history: string, revision: string): string | undefined {
  if (history === '') return revision;
  const revisions = history.split(',');
  let length = history.length + revision.length + 1;
  while (length > maxHistoryLength && revisions.length > 0) length -= (revisions.shift()?.length ?? 0) + 1;
  return length <= maxHistoryLength ? [...revisions, revision].join(',') : undefined;
}
