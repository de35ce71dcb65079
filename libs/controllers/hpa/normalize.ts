import type { HPAScalingRules } from '@drydock/api/autoscaling/v2';
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

/** Without a behaviour: the highest of the recent recommendations, at most doubled (or four), within the bounds. */
export function normalize(input: NormalizeInput): Normalized {
  const { currentReplicas, desiredReplicas, minReplicas, maxReplicas, history, nowMs } = input;
  const { downscaleStabilizationMs } = input;
  const steps: string[] = [];
  let stable = desiredReplicas;
  for (const { replicas, atMs } of history.recommendations)
    if (atMs >= nowMs - downscaleStabilizationMs) stable = Math.max(stable, replicas);
  if (stable !== desiredReplicas) {
    steps.push(
      `stabilization: ${stable} was asked for within the last ${downscaleStabilizationMs / 1000} s: ${desiredReplicas} → ${stable}`,
    );
  }
  const limit = Math.max(2 * currentReplicas, 4);
  const most = Math.min(maxReplicas, limit);
  let limited: Limited = { replicas: stable, ...limits.within };
  if (stable < minReplicas) limited = { replicas: minReplicas, ...limits.few };
  else if (stable > most) limited = { replicas: most, ...(maxReplicas > limit ? limits.fast : limits.many) };
  if (limited.replicas !== stable) steps.push(`${limited.message}: ${stable} → ${limited.replicas}`);
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

/** The count that the policies allow, seen from where each one's period began. */
export function policyLimit(
  direction: 'up' | 'down',
  currentReplicas: number,
  ups: readonly ScaleEvent[],
  downs: readonly ScaleEvent[],
  rules: HPAScalingRules,
  nowMs: number,
): number {
  if (rules.selectPolicy === 'Disabled') return currentReplicas;
  const up = direction === 'up';
  const widest = up === (rules.selectPolicy !== 'Min');
  let result = widest ? -maxInt32 - 1 : maxInt32;
  for (const { type, value, periodSeconds } of rules.policies ?? []) {
    const start =
      currentReplicas - changeWithin(ups, periodSeconds, nowMs) + changeWithin(downs, periodSeconds, nowMs);
    let proposed: number;
    if (type === 'Pods') proposed = up ? start + value : start - value;
    // Rounded so that a small percentage of few Pods still is a step.
    else proposed = up ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
    result = widest ? Math.max(result, proposed) : Math.min(result, proposed);
  }
  return result;
}

function limitRate(input: NormalizeInput, wanted: number, rules: BehaviorRules): Limited {
  const { currentReplicas, minReplicas, maxReplicas, history, nowMs } = input;
  if (wanted > currentReplicas) {
    const allowed = policyLimit('up', currentReplicas, history.ups, history.downs, rules.up, nowMs);
    const limit = Math.max(allowed, currentReplicas);
    const most = Math.min(maxReplicas, limit);
    if (wanted > most) return { replicas: most, ...(maxReplicas > limit ? limits.fast : limits.many) };
  } else if (wanted < currentReplicas) {
    const allowed = policyLimit('down', currentReplicas, history.ups, history.downs, rules.down, nowMs);
    const limit = Math.min(allowed, currentReplicas);
    const least = Math.max(minReplicas, limit);
    if (wanted < least) return { replicas: least, ...(minReplicas < limit ? limits.fastDown : limits.few) };
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
  if (stable !== desiredReplicas) {
    steps.push(
      `stabilization window (${(rising ? upMs : downMs) / 1000} s, scaling ${rising ? 'up' : 'down'}): ${desiredReplicas} → ${stable}`,
    );
  }
  const limited = limitRate(input, stable, rules);
  if (limited.replicas !== stable) steps.push(`${limited.message}: ${stable} → ${limited.replicas}`);
  return {
    replicas: limited.replicas,
    ableToScale:
      stable === desiredReplicas ? ready : stabilized(rising ? 'ScaleUpStabilized' : 'ScaleDownStabilized'),
    scalingLimited: conditionOf(limited, stable),
    history: recommended(history, desiredReplicas, nowMs, Math.max(upMs, downMs)),
    steps,
  };
}
