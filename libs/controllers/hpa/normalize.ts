import type { HPAScalingPolicy, HPAScalingRules } from '@drydock/api/autoscaling/v2';
import { changeWithin, recommended, type ScaleEvent, type ScaleHistory } from './history.ts';

/** What stands in a condition of the status. */
export interface ConditionText {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface NormalizeInput {
  readonly currentReplicas: number;
  /** What the metrics ask for. */
  readonly desiredReplicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly history: ScaleHistory;
  readonly downscaleStabilizationMs: number;
  readonly nowMs: number;
}

export interface Normalized {
  readonly replicas: number;
  readonly ableToScale: ConditionText;
  readonly scalingLimited: ConditionText;
  readonly history: ScaleHistory;
  /** Each rule that changed something or held it, for people. */
  readonly steps: readonly string[];
}

const ready: ConditionText = {
  status: 'True',
  reason: 'ReadyForNewScale',
  message: 'recommended size matches current size',
};
const stabilized = (reason: 'ScaleUpStabilized' | 'ScaleDownStabilized'): ConditionText => ({
  status: 'True',
  reason,
  message:
    reason === 'ScaleUpStabilized'
      ? 'recent recommendations were lower than current one, applying the lowest recent recommendation'
      : 'recent recommendations were higher than current one, applying the highest recent recommendation',
});

interface Limited {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

const limits = {
  within: { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' },
  few: {
    reason: 'TooFewReplicas',
    message: 'the desired replica count is less than the minimum replica count',
  },
  many: {
    reason: 'TooManyReplicas',
    message: 'the desired replica count is more than the maximum replica count',
  },
  fast: {
    reason: 'ScaleUpLimit',
    message: 'the desired replica count is increasing faster than the maximum scale rate',
  },
  fastDown: {
    reason: 'ScaleDownLimit',
    message: 'the desired replica count is decreasing faster than the maximum scale rate',
  },
} as const;

function conditionOf(limited: Limited, wanted: number): ConditionText {
  const { replicas, reason, message } = limited;
  return { status: replicas === wanted ? 'False' : 'True', reason, message };
}

/** Until when an earlier recommendation stands against the one of now. */
function heldText(
  { history, nowMs, desiredReplicas }: NormalizeInput,
  stable: number,
  windowMs: number,
): string {
  const holding = history.recommendations.filter(
    ({ replicas, atMs }) => replicas === stable && atMs >= nowMs - windowMs,
  );
  const last = Math.max(...holding.map(({ atMs }) => atMs));
  const seconds = (ms: number) => `${Math.ceil(ms / 1000)} s`;
  const when =
    holding.length === 0
      ? `what is there stands for ${seconds(windowMs)}`
      : `${stable} was asked for ${seconds(nowMs - last)} ago, and stands for ${seconds(windowMs)}`;
  return `stabilization: ${when}: ${desiredReplicas} → ${stable}`;
}

function limitText(
  { minReplicas, maxReplicas }: NormalizeInput,
  wanted: number,
  { replicas, reason }: Limited,
  rate: string,
): string {
  const rule =
    reason === limits.many.reason
      ? `no more than max ${maxReplicas}`
      : reason === limits.few.reason
        ? `no fewer than min ${minReplicas}`
        : rate;
  return `${rule}: ${wanted} → ${replicas}`;
}

/** Without a behaviour: the highest of the recent recommendations, at most doubled (or four), within the bounds. */
export function normalize(input: NormalizeInput): Normalized {
  const { currentReplicas, desiredReplicas, minReplicas, maxReplicas, history, nowMs } = input;
  const { downscaleStabilizationMs } = input;
  const steps: string[] = [];
  let stable = desiredReplicas;
  for (const { replicas, atMs } of history.recommendations)
    if (atMs >= nowMs - downscaleStabilizationMs) stable = Math.max(stable, replicas);
  if (stable !== desiredReplicas) steps.push(heldText(input, stable, downscaleStabilizationMs));
  const limit = Math.max(2 * currentReplicas, 4);
  const most = Math.min(maxReplicas, limit);
  let limited: Limited = { replicas: stable, ...limits.within };
  if (stable < minReplicas) limited = { replicas: minReplicas, ...limits.few };
  else if (stable > most) limited = { replicas: most, ...(maxReplicas > limit ? limits.fast : limits.many) };
  if (limited.replicas !== stable)
    steps.push(
      limitText(input, stable, limited, `no more than ${limit} at once, the double of what is there or 4`),
    );
  return {
    replicas: limited.replicas,
    ableToScale: stable === desiredReplicas ? ready : stabilized('ScaleDownStabilized'),
    scalingLimited: conditionOf(limited, stable),
    history: recommended(history, desiredReplicas, nowMs, downscaleStabilizationMs),
    steps,
  };
}

export interface BehaviorRules {
  readonly up: HPAScalingRules;
  readonly down: HPAScalingRules;
}

function windows({ up, down }: BehaviorRules, downscaleStabilizationMs: number) {
  return {
    upMs: (up.stabilizationWindowSeconds ?? 0) * 1000,
    downMs:
      down.stabilizationWindowSeconds === undefined
        ? downscaleStabilizationMs
        : down.stabilizationWindowSeconds * 1000,
  };
}

/** Not above the lowest recommendation of the one window, nor below the highest of the other. */
function stabilize(input: NormalizeInput, upMs: number, downMs: number): number {
  let low = input.desiredReplicas;
  let high = input.desiredReplicas;
  for (const { replicas, atMs } of input.history.recommendations) {
    if (atMs > input.nowMs - upMs) low = Math.min(low, replicas);
    if (atMs > input.nowMs - downMs) high = Math.max(high, replicas);
  }
  return Math.min(Math.max(input.currentReplicas, low), high);
}

const maxInt32 = 2 ** 31 - 1;

interface PolicyLimit {
  readonly limit: number;
  /** The policy that decides, and what was changed in its period; absent where there is none. */
  readonly policy?: HPAScalingPolicy;
  readonly added: number;
  readonly removed: number;
}

function decidingPolicy(
  direction: 'up' | 'down',
  currentReplicas: number,
  ups: readonly ScaleEvent[],
  downs: readonly ScaleEvent[],
  rules: HPAScalingRules,
  nowMs: number,
): PolicyLimit {
  if (rules.selectPolicy === 'Disabled') return { limit: currentReplicas, added: 0, removed: 0 };
  const up = direction === 'up';
  const widest = up === (rules.selectPolicy !== 'Min');
  let result: PolicyLimit = { limit: widest ? -maxInt32 - 1 : maxInt32, added: 0, removed: 0 };
  for (const policy of rules.policies ?? []) {
    const { type, value, periodSeconds } = policy;
    const added = changeWithin(ups, periodSeconds, nowMs);
    const removed = changeWithin(downs, periodSeconds, nowMs);
    const start = currentReplicas - added + removed;
    let limit: number;
    if (type === 'Pods') limit = up ? start + value : start - value;
    // Rounded so that a small percentage of few Pods still is a step.
    else limit = up ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
    if (widest ? limit > result.limit : limit < result.limit) result = { limit, policy, added, removed };
  }
  return result;
}

/** The count that the policies allow, seen from where each one's period began. */
export function policyLimit(...given: Parameters<typeof decidingPolicy>): number {
  return decidingPolicy(...given).limit;
}

function policyText(direction: 'up' | 'down', { policy, added, removed }: PolicyLimit): string {
  if (policy === undefined) return `no policy lets it scale ${direction}`;
  const { type, value, periodSeconds } = policy;
  const lately = [
    ...(added > 0 ? [`${added} added`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ].join(', ');
  const amount = type === 'Pods' ? `${value} Pods` : `${value} %`;
  return `no more than ${amount} ${direction} in ${periodSeconds} s${lately && ` (${lately} in the last ${periodSeconds} s)`}`;
}

function limitRate(
  input: NormalizeInput,
  wanted: number,
  rules: BehaviorRules,
): Limited & { readonly rate?: string } {
  const { currentReplicas, minReplicas, maxReplicas, history, nowMs } = input;
  if (wanted > currentReplicas) {
    const deciding = decidingPolicy('up', currentReplicas, history.ups, history.downs, rules.up, nowMs);
    const limit = Math.max(deciding.limit, currentReplicas);
    const most = Math.min(maxReplicas, limit);
    const rate = policyText('up', deciding);
    if (wanted > most) return { replicas: most, rate, ...(maxReplicas > limit ? limits.fast : limits.many) };
  } else if (wanted < currentReplicas) {
    const deciding = decidingPolicy('down', currentReplicas, history.ups, history.downs, rules.down, nowMs);
    const limit = Math.min(deciding.limit, currentReplicas);
    const least = Math.max(minReplicas, limit);
    const rate = policyText('down', deciding);
    if (wanted < least)
      return { replicas: least, rate, ...(minReplicas < limit ? limits.fastDown : limits.few) };
  }
  return { replicas: wanted, ...limits.within };
}

/** With a behaviour: windows both ways, then the policies, then the bounds. */
export function normalizeWithBehavior(input: NormalizeInput, rules: BehaviorRules): Normalized {
  const { currentReplicas, desiredReplicas, history, nowMs } = input;
  const { upMs, downMs } = windows(rules, input.downscaleStabilizationMs);
  const steps: string[] = [];
  const stable = stabilize(input, upMs, downMs);
  const rising = desiredReplicas >= currentReplicas;
  if (stable !== desiredReplicas) steps.push(heldText(input, stable, rising ? upMs : downMs));
  const { rate = '', ...limited } = limitRate(input, stable, rules);
  if (limited.replicas !== stable) steps.push(limitText(input, stable, limited, rate));
  return {
    replicas: limited.replicas,
    ableToScale:
      stable === desiredReplicas ? ready : stabilized(rising ? 'ScaleUpStabilized' : 'ScaleDownStabilized'),
    scalingLimited: conditionOf(limited, stable),
    history: recommended(history, desiredReplicas, nowMs, Math.max(upMs, downMs)),
    steps,
  };
}
