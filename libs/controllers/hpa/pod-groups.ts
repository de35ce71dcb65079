import { parseTime } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';
import type { PodMetrics } from './metrics-client.ts';

export interface ReadinessRules {
  /** How long after its start a Pod's CPU samples may be skipped. */
  readonly cpuInitializationMs: number;
  /** Until when after its start a change of readiness counts as the first one. */
  readonly initialReadinessDelayMs: number;
}

/** The Pods of a target by what their samples are good for. Names. */
export interface PodGroups {
  /** Counted. */
  readonly ready: readonly string[];
  /** Not running yet, or their CPU samples are those of a start. */
  readonly unready: readonly string[];
  /** Without a sample. */
  readonly missing: readonly string[];
  /** On their way out, or failed: as if they were not there. */
  readonly ignored: readonly string[];
}

/** A time that was not said is long ago: Go's zero time. */
const unknownMs = -62_135_596_800_000;

function startsUp(
  pod: Pod,
  sample: { timestampMs: number; windowMs: number },
  rules: ReadinessRules,
  nowMs: number,
) {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const startTime = pod.status?.startTime;
  if (ready === undefined || !startTime) return true;
  const startMs = parseTime(startTime);
  const changedMs = ready.lastTransitionTime ? parseTime(ready.lastTransitionTime) : unknownMs;
  const isFalse = ready.status === 'False';
  if (startMs + rules.cpuInitializationMs > nowMs) {
    // One whole window must have been sampled since the Pod became ready.
    return isFalse || sample.timestampMs < changedMs + sample.windowMs;
  }
  // Never was ready, as far as one can tell.
  return isFalse && startMs + rules.initialReadinessDelayMs > changedMs;
}

/** Sorts the Pods; readiness counts for CPU alone. */
export function groupPods(
  pods: readonly Pod[],
  metrics: PodMetrics,
  resource: string,
  rules: ReadinessRules,
  nowMs: number,
): PodGroups {
  const ready: string[] = [];
  const unready: string[] = [];
  const missing: string[] = [];
  const ignored: string[] = [];
  for (const pod of pods) {
    const name = pod.metadata.name ?? '';
    const sample = metrics.get(name);
    const phase = pod.status?.phase;
    if (pod.metadata.deletionTimestamp || phase === 'Failed') ignored.push(name);
    else if (phase === 'Pending') unready.push(name);
    else if (sample === undefined) missing.push(name);
    else if (resource === 'cpu' && startsUp(pod, sample, rules, nowMs)) unready.push(name);
    else ready.push(name);
  }
  return { ready, unready, missing, ignored };
}
