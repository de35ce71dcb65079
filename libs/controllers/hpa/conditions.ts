import { formatTime } from '@drydock/base/apimachinery';
import type { HorizontalPodAutoscalerCondition } from '@drydock/api/autoscaling/v2';
import type { ConditionText } from './normalize.ts';

export type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited' | 'ScaledToZero';

/** The conditions with one set; its time changes with its status alone. */
export function withCondition(
  conditions: readonly HorizontalPodAutoscalerCondition[],
  type: ConditionType,
  { status, reason, message }: ConditionText,
  nowMs: number,
): HorizontalPodAutoscalerCondition[] {
  const at = conditions.findIndex((one) => one.type === type);
  const before = conditions[at];
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  const set = { type, status, lastTransitionTime: since ?? formatTime(nowMs), reason, message };
  return at < 0 ? [...conditions, set] : conditions.with(at, set);
}
