import type { Job } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import { leastUsefulFirst } from '../replicas/index.ts';
import type { Assessment } from './assess.ts';
import { finishedAtMs, remainingMs, type BackoffRecord } from './backoff.ts';
import { onlyReplacesFailed } from './failure-policy.ts';
import { completionIndex } from './indexes.ts';
import type { Action } from './metrics.ts';
import { failureCountAnnotation, ignoredCountAnnotation, nextCounts } from './per-index.ts';
import { isIndexed, superfluous } from './pods.ts';

/** Pods made or deleted in one pass at most. */
export const maxPodsAtOnce = 500;

export interface NewPod {
  readonly index: number | undefined;
  readonly annotations: Record<string, string>;
}

export interface ManagePlan {
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** Look again after this long: a back-off runs. */
  readonly waitMs: number | undefined;
  readonly action: Action;
}

/** How many Pods a Job wants to have at work now. */
export function wantedActive(job: Job, active: number, succeeded: number): number {
  const parallelism = job.spec?.parallelism ?? 1;
  const completions = job.spec?.completions;
  // A work queue: after the first success no new Pod is begun, and those at work go on.
  if (completions === undefined) return succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** Which Pods are made or deleted next. */
export function manageJob(
  job: Job,
  pods: readonly Pod[],
  assessed: Assessment,
  backoff: BackoffRecord,
  nowMs: number,
): ManagePlan {
  const { active } = assessed;
  const nothing: ManagePlan = { create: [], remove: [], waitMs: undefined, action: 'tracking' };
  const deleting: ManagePlan = { ...nothing, action: 'pods_deleted' };
  if (job.spec?.suspend === true) return { ...deleting, remove: [...active] };
  const terminating = onlyReplacesFailed(job) ? assessed.terminating : 0;
  const want = wantedActive(job, active.length, assessed.succeeded);
  const remove = forRemoval(job, active, active.length - want);
  if (remove.length > 0) return { ...deleting, remove: remove.slice(0, maxPodsAtOnce) };
  const lacking = Math.min(want - terminating - active.length, maxPodsAtOnce);
  if (lacking <= 0) return nothing;
  const creating: ManagePlan = { ...nothing, action: 'pods_created' };
  if (!isIndexed(job)) {
    const waitMs = remainingMs(backoff, nowMs);
    if (waitMs > 0) return { ...creating, waitMs };
    return {
      ...creating,
      create: Array.from({ length: lacking }, () => ({ index: undefined, annotations: {} })),
    };
  }
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  if (!perIndex) {
    const waitMs = remainingMs(backoff, nowMs);
    if (waitMs > 0) return { ...creating, waitMs };
  }
  const create: NewPod[] = [];
  let waitMs: number | undefined;
  let looked = 0;
  for (const index of pendingIndexes(job, pods, assessed)) {
    // An index that waits for its back-off keeps its place: no other one takes it.
    if (looked++ >= lacking) break;
    const last = assessed.lastFailures.get(index);
    const { failures, ignored } = nextCounts(job, last);
    if (last !== undefined) {
      const record = { failures: failures + ignored, lastFailureMs: finishedAtMs(last) };
      const left = remainingMs(record, nowMs);
      if (left > 0) {
        waitMs = Math.min(waitMs ?? Infinity, left);
        continue;
      }
    }
    const annotations: Record<string, string> = {};
    if (perIndex) {
      annotations[failureCountAnnotation] = String(failures);
      if (ignored > 0) annotations[ignoredCountAnnotation] = String(ignored);
    }
    create.push({ index, annotations });
  }
  return { ...creating, create, waitMs };
}

function forRemoval(job: Job, active: readonly Pod[], surplus: number): Pod[] {
  let remove: Pod[] = [];
  let left: readonly Pod[] = active;
  if (isIndexed(job)) ({ remove, left } = superfluous(active, job.spec?.completions ?? 0));
  const more = surplus - remove.length;
  return more > 0 ? [...remove, ...leastUsefulFirst(left).slice(0, more)] : remove;
}

/** Indexes with nothing at work and nothing achieved, in order. */
function* pendingIndexes(job: Job, pods: readonly Pod[], assessed: Assessment): Generator<number> {
  const busy = new Set<number>();
  const waitsForEnd = onlyReplacesFailed(job);
  for (const pod of [...assessed.active, ...(waitsForEnd ? pods : [])]) {
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    const index = completionIndex(pod);
    if (index !== undefined && !finished) busy.add(index);
  }
  const completions = job.spec?.completions ?? 0;
  for (let index = 0; index < completions; index++) {
    if (
      busy.has(index) ||
      assessed.succeededIndexes.has(index) ||
      assessed.failedIndexes?.has(index) === true
    )
      continue;
    yield index;
  }
}
