import type { Pod } from '@drydock/api/core/v1';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '@drydock/api/policy/v1';
import { formatTime, parseTime } from '@drydock/base/apimachinery';
import { isPodReady, scaledValue } from '../shared/index.ts';

/** How long an eviction that was granted may take before it counts as not done. */
export const deletionTimeoutMs = 120_000;

export interface Expectation {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** Whether the budget asks how many Pods there should be, rather than how many there are. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** How many Pods a budget counts with and how many must stay; `scale` is what the controllers of its Pods want. */
export function expectation({ spec }: PodDisruptionBudget, pods: number, scale: number): Expectation {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined) {
    const unavailable = scaledValue(maxUnavailable, scale, true);
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - unavailable) };
  }
  if (typeof minAvailable === 'string')
    return { expectedPods: scale, desiredHealthy: scaledValue(minAvailable, scale, true) };
  if (minAvailable !== undefined) return { expectedPods: pods, desiredHealthy: minAvailable };
  return { expectedPods: 0, desiredHealthy: 0 };
}

export interface Disrupted {
  /** Evictions that were granted and are not done: Pod name → time of the grant. */
  readonly pods: Record<string, string>;
  /** Pods that were to go and did not. */
  readonly overdue: readonly Pod[];
  /** When the next of them is overdue. */
  readonly recheckAtMs: number | undefined;
}

export function disruptedPods(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number): Disrupted {
  const result: Record<string, string> = {};
  const overdue: Pod[] = [];
  let recheckAtMs: number | undefined;
  for (const pod of pods) {
    const name = pod.metadata.name ?? '';
    const granted = budget.status?.disruptedPods?.[name];
    if (granted === undefined || pod.metadata.deletionTimestamp) continue;
    const dueMs = parseTime(granted) + deletionTimeoutMs;
    if (dueMs < nowMs) overdue.push(pod);
    else {
      result[name] = granted;
      recheckAtMs = Math.min(recheckAtMs ?? Infinity, dueMs);
    }
  }
  return { pods: result, overdue, recheckAtMs };
}

/** Pods that are ready, stay, and are not about to be evicted. */
export function healthyPods(
  pods: readonly Pod[],
  disrupted: Readonly<Record<string, string>>,
  nowMs: number,
): number {
  const going = (pod: Pod) => {
    const granted = disrupted[pod.metadata.name ?? ''];
    return granted !== undefined && parseTime(granted) + deletionTimeoutMs > nowMs;
  };
  return pods.filter((pod) => !pod.metadata.deletionTimestamp && !going(pod) && isPodReady(pod)).length;
}

type Condition = NonNullable<PodDisruptionBudgetStatus['conditions']>[number];

function withCondition(
  budget: PodDisruptionBudget,
  status: PodDisruptionBudgetStatus,
  condition: Omit<Condition, 'lastTransitionTime' | 'type'>,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const type = 'DisruptionAllowed';
  const conditions = budget.status?.conditions ?? [];
  const before = conditions.find((one) => one.type === type);
  const lastTransitionTime =
    before?.status === condition.status && before.lastTransitionTime
      ? before.lastTransitionTime
      : formatTime(nowMs);
  const made = { type, ...condition, lastTransitionTime };
  const others = conditions.filter((one) => one !== before);
  return {
    ...status,
    conditions:
      before === undefined ? [...others, made] : conditions.map((one) => (one === before ? made : one)),
  };
}

/** The status that follows from the counts. */
export function budgetStatus(
  budget: PodDisruptionBudget,
  { expectedPods, desiredHealthy }: Expectation,
  currentHealthy: number,
  disrupted: Readonly<Record<string, string>>,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const spare = currentHealthy - desiredHealthy;
  // With nobody expected nothing is allowed: the first Pods must not be evicted before we have counted them.
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, spare) : 0;
  const observedGeneration = budget.metadata.generation ?? 0;
  const status: PodDisruptionBudgetStatus = {
    observedGeneration,
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: { ...disrupted } } : {}),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
  };
  const condition =
    disruptionsAllowed > 0
      ? { status: 'True', reason: 'SufficientPods', message: '', observedGeneration }
      : { status: 'False', reason: 'InsufficientPods', message: '', observedGeneration };
  return withCondition(budget, status, condition, nowMs);
}

/** The status of a budget that could not be worked out: nothing may be disrupted. */
export function failedStatus(
  budget: PodDisruptionBudget,
  message: string,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const observedGeneration = budget.metadata.generation ?? 0;
  const condition = { status: 'False', reason: 'SyncFailed', message, observedGeneration };
  return withCondition(budget, { ...budget.status, disruptionsAllowed: 0 }, condition, nowMs);
}

/** How long until a Pod's announced disruption counts as called off; undefined where none was announced or it is under way. */
export function staleDisruptionInMs(pod: Pod, nowMs: number): number | undefined {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  const phase = pod.status?.phase;
  if (
    condition?.status !== 'True' ||
    condition.reason === 'TerminationByKubelet' ||
    pod.metadata.deletionTimestamp ||
    phase === 'Succeeded' ||
    phase === 'Failed'
  )
    return undefined;
  const since = condition.lastTransitionTime ? parseTime(condition.lastTransitionTime) : nowMs;
  return Math.max(0, since + deletionTimeoutMs - nowMs);
}
