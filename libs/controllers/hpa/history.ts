import type { HPAScalingPolicy, HPAScalingRules } from '@drydock/api/autoscaling/v2';

/** A count that was asked for, before any stabilization. */
export interface Recommendation {
  readonly replicas: number;
  readonly atMs: number;
}

/** A change that was made; `change` is positive both ways. */
export interface ScaleEvent {
  readonly change: number;
  readonly atMs: number;
}

/** What is remembered of one autoscaler. Kept in memory, as Kubernetes does: a restart forgets it. */
export interface ScaleHistory {
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

export const emptyHistory: ScaleHistory = { recommendations: [], ups: [], downs: [] };

/** The history with a first recommendation: the count that was found. */
export function begun(history: ScaleHistory, replicas: number, nowMs: number): ScaleHistory {
  return history.recommendations.length > 0
    ? history
    : { ...history, recommendations: [{ replicas, atMs: nowMs }] };
}

/** Adds a recommendation, and drops those that no window sees any more. */
export function recommended(
  history: ScaleHistory,
  replicas: number,
  nowMs: number,
  longestWindowMs: number,
): ScaleHistory {
  const kept = history.recommendations.filter(({ atMs }) => atMs >= nowMs - longestWindowMs);
  return { ...history, recommendations: [...kept, { replicas, atMs: nowMs }] };
}

function longestPeriodMs(policies: readonly HPAScalingPolicy[] | undefined): number {
  return Math.max(0, ...(policies ?? []).map(({ periodSeconds }) => periodSeconds * 1000));
}

/** Adds a change, and drops those that no policy sees any more. */
export function rescaled(
  history: ScaleHistory,
  from: number,
  to: number,
  rules: { readonly up?: HPAScalingRules; readonly down?: HPAScalingRules },
  nowMs: number,
): ScaleHistory {
  const add = (events: readonly ScaleEvent[], policies: readonly HPAScalingPolicy[] | undefined) => [
    ...events.filter(({ atMs }) => atMs >= nowMs - longestPeriodMs(policies)),
    { change: Math.abs(to - from), atMs: nowMs },
  ];
  return to > from
    ? { ...history, ups: add(history.ups, rules.up?.policies) }
    : { ...history, downs: add(history.downs, rules.down?.policies) };
}

/** How much was changed within the last period. */
export function changeWithin(events: readonly ScaleEvent[], periodSeconds: number, nowMs: number): number {
  const cutoff = nowMs - periodSeconds * 1000;
  let sum = 0;
  for (const { change, atMs } of events) if (atMs > cutoff) sum += change;
  return sum;
}
