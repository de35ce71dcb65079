import type {
  HPAScalingPolicy,
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
} from '@drydock/api/autoscaling/v2';

const defaultUtilization = 80;
const defaultPeriodSeconds = 15;
const doubled: HPAScalingPolicy = { type: 'Percent', value: 100, periodSeconds: defaultPeriodSeconds };
const fourPods: HPAScalingPolicy = { type: 'Pods', value: 4, periodSeconds: defaultPeriodSeconds };

function fillRules(
  rules: HPAScalingRules | undefined,
  policies: readonly HPAScalingPolicy[],
): HPAScalingRules {
  const filled = { ...rules };
  filled.selectPolicy ??= 'Max';
  filled.policies ??= policies.map((policy) => ({ ...policy }));
  return filled;
}

/** Fills in what an autoscaler leaves open: one replica at least, CPU at 80 %, and the usual pace. */
export function defaultAutoscaler(object: HorizontalPodAutoscaler): void {
  const spec = (object.spec ??= {} as HorizontalPodAutoscalerSpec);
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: 'Utilization', averageUtilization: defaultUtilization };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (spec.behavior === undefined) return;
  spec.behavior.scaleUp = fillRules(spec.behavior.scaleUp, [fourPods, doubled]);
  spec.behavior.scaleUp.stabilizationWindowSeconds ??= 0;
  spec.behavior.scaleDown = fillRules(spec.behavior.scaleDown, [doubled]);
}
