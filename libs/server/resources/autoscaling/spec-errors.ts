import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  compareQuantities,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tryParseQuantity,
} from '@drydock/base/apimachinery';
import type {
  HPAScalingPolicy,
  HPAScalingRules,
  HorizontalPodAutoscalerSpec,
} from '@drydock/api/autoscaling/v2';
import { isBadVersion, metricErrors, referenceErrors, type ReferenceVersions } from './metric-errors.ts';

const maxPeriodSeconds = 1800;
const maxStabilizationSeconds = 3600;
const spec = fieldPath('spec');

function policyErrors(policy: HPAScalingPolicy, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const types = ['Percent', 'Pods'];
  if (!types.includes(policy.type)) errors.push(notSupported(where.child('type'), policy.type ?? '', types));
  if ((policy.value ?? 0) <= 0) {
    errors.push(invalidValue(where.child('value'), policy.value ?? 0, 'must be greater than zero'));
  }
  const period = policy.periodSeconds ?? 0;
  const at = where.child('periodSeconds');
  if (period <= 0) errors.push(invalidValue(at, period, 'must be greater than zero'));
  if (period > maxPeriodSeconds) {
    errors.push(invalidValue(at, period, `must be less than or equal to ${maxPeriodSeconds}`));
  }
  return errors;
}

function rulesErrors(rules: HPAScalingRules | undefined, where: FieldPath): FieldError[] {
  if (rules === undefined) return [];
  const errors: FieldError[] = [];
  const window = rules.stabilizationWindowSeconds ?? 0;
  const atWindow = where.child('stabilizationWindowSeconds');
  if (window < 0) errors.push(invalidValue(atWindow, window, 'must be greater than or equal to zero'));
  if (window > maxStabilizationSeconds) {
    errors.push(invalidValue(atWindow, window, `must be less than or equal to ${maxStabilizationSeconds}`));
  }
  const select = rules.selectPolicy;
  const selections = ['Disabled', 'Max', 'Min'];
  if (select !== undefined && !selections.includes(select)) {
    errors.push(notSupported(where.child('selectPolicy'), select, selections));
  }
  const at = where.child('policies');
  const policies = rules.policies ?? [];
  if (policies.length === 0) errors.push(required(at, 'must specify at least one Policy'));
  policies.forEach((policy, index) => errors.push(...policyErrors(policy, at.index(index))));
  const { tolerance } = rules;
  if (
    tolerance !== undefined &&
    tryParseQuantity(tolerance) !== undefined &&
    compareQuantities(tolerance, '0') < 0
  ) {
    errors.push(invalidValue(where.child('tolerance'), tolerance, 'must be greater than or equal to 0'));
  }
  return errors;
}

/** What a spec may be that it could not be anew, since it already was so. */
function allowances(
  value: HorizontalPodAutoscalerSpec,
  old: HorizontalPodAutoscalerSpec | undefined,
  scaleToZero: boolean,
) {
  const { kind, apiVersion = '' } = value.scaleTargetRef ?? {};
  const same =
    old !== undefined &&
    old.scaleTargetRef?.kind === kind &&
    (old.scaleTargetRef?.apiVersion ?? '') === apiVersion;
  const target: ReferenceVersions = same
    ? 'unchecked'
    : // The only kind of the core group that can be scaled.
      kind === 'ReplicationController'
      ? 'any'
      : 'grouped';
  const wasBad = (old?.metrics ?? []).some(
    ({ type, object }) => type === 'Object' && object !== undefined && isBadVersion(object.describedObject),
  );
  const described: ReferenceVersions = wasBad ? 'unchecked' : 'any';
  return { least: scaleToZero || old?.minReplicas === 0 ? 0 : 1, target, described };
}

/** Checks the spec of an autoscaler; `old` is what it was, where it is changed, `scaleToZero` the gate HPAScaleToZero. */
export function autoscalerSpecErrors(
  value: HorizontalPodAutoscalerSpec,
  old: HorizontalPodAutoscalerSpec | undefined,
  scaleToZero: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const { least, target, described } = allowances(value, old, scaleToZero);
  const { minReplicas, metrics = [] } = value;
  const maxReplicas = value.maxReplicas ?? 0;
  const atMin = spec.child('minReplicas');
  const atMax = spec.child('maxReplicas');
  const atMetrics = spec.child('metrics');
  if (minReplicas !== undefined && minReplicas < least)
    errors.push(invalidValue(atMin, minReplicas, `must be greater than or equal to ${least}`));
  if (maxReplicas < 1) errors.push(invalidValue(atMax, maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidValue(atMax, maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  errors.push(
    ...referenceErrors(value.scaleTargetRef, spec.child('scaleTargetRef'), target),
    ...metrics.flatMap((metric, index) => metricErrors(metric, atMetrics.index(index), described)),
  );
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const detail = 'must specify at least one Object or External metric to support scaling to zero replicas';
    errors.push(forbiddenField(atMetrics, detail));
  }
  const behavior = spec.child('behavior');
  return [
    ...errors,
    ...rulesErrors(value.behavior?.scaleUp, behavior.child('scaleUp')),
    ...rulesErrors(value.behavior?.scaleDown, behavior.child('scaleDown')),
  ];
}
