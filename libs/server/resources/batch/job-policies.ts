import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '@drydock/api/batch/v1';
import { nonNegative, textErrors } from '../common/index.ts';
import { parseIndexIntervals } from './index-intervals.ts';

const maxFailureRules = 20;
const maxConditionPatterns = 20;
const maxExitCodes = 255;
const maxSuccessRules = 20;
const maxIndexesBytes = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const conditionStatuses = ['False', 'True', 'Unknown'];

function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => `"${value}"`).join(' ')}]`;
}

function requiredOneOf(
  value: string | undefined,
  supported: readonly string[],
  where: FieldPath,
): FieldError[] {
  if (value === undefined || value === '') return [required(where, `valid values: ${quotedList(supported)}`)];
  return supported.includes(value) ? [] : [notSupported(where, value, supported)];
}

function exitCodeErrors(
  requirement: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  where: FieldPath,
): FieldError[] {
  const errors = requiredOneOf(requirement.operator, operators, where.child('operator'));
  const container = requirement.containerName;
  if (container !== undefined && !containers.has(container)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalidValue(where.child('containerName'), container, detail));
  }
  const values = requirement.values ?? [];
  const at = where.child('values');
  if (values.length === 0)
    errors.push(invalidValue(at, requirement.values ?? null, 'at least one value is required'));
  else if (values.length > maxExitCodes) errors.push(tooMany(at, values.length, maxExitCodes));
  const seen = new Set<number>();
  values.forEach((value, index) => {
    if (requirement.operator === 'In' && value === 0) {
      errors.push(invalidValue(at.index(index), value, 'must not be 0 for the In operator'));
    }
    if (seen.has(value)) errors.push(duplicate(at.index(index), value));
    seen.add(value);
  });
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? value) > value)) {
    errors.push(invalidValue(at, values, 'must be ordered'));
  }
  return errors;
}

function conditionErrors(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  where: FieldPath,
): FieldError[] {
  const errors =
    patterns.length > maxConditionPatterns ? [tooMany(where, patterns.length, maxConditionPatterns)] : [];
  patterns.forEach((pattern, index) => {
    const at = where.index(index);
    const type = pattern.type ?? '';
    errors.push(...textErrors(validateQualifiedName(type), type, at.child('type')));
    errors.push(...requiredOneOf(pattern.status, conditionStatuses, at.child('status')));
  });
  return errors;
}

function failureRuleErrors(
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = where.child('action');
  if (rule.action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined) {
      errors.push(invalidValue(at, rule.action, 'requires the backoffLimitPerIndex to be set'));
    }
  } else errors.push(...requiredOneOf(rule.action, actions, at));
  const patterns = rule.onPodConditions ?? [];
  if (rule.onExitCodes !== undefined) {
    errors.push(...exitCodeErrors(rule.onExitCodes, containers, where.child('onExitCodes')));
  }
  errors.push(...conditionErrors(patterns, where.child('onPodConditions')));
  if (rule.onExitCodes !== undefined && patterns.length > 0) {
    const detail = 'specifying both OnExitCodes and OnPodConditions is not supported';
    errors.push(invalidValue(where, undefined, detail));
  }
  if (rule.onExitCodes === undefined && patterns.length === 0) {
    const detail = 'specifying one of OnExitCodes and OnPodConditions is required';
    errors.push(invalidValue(where, undefined, detail));
  }
  return errors;
}

/** Checks `podFailurePolicy`: what each way of failing means for the Job. */
export function podFailurePolicyErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const at = where.child('rules');
  const podSpec = spec.template?.spec;
  const containers = new Set(
    [...(podSpec?.containers ?? []), ...(podSpec?.initContainers ?? [])].map((container) => container.name),
  );
  return [
    ...(rules.length > maxFailureRules ? [tooMany(at, rules.length, maxFailureRules)] : []),
    ...rules.flatMap((rule, index) => failureRuleErrors(rule, spec, containers, at.index(index))),
  ];
}

function successRuleErrors(rule: SuccessPolicyRule, completions: number, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    errors.push(required(where, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  let named = 0;
  if (indexes !== undefined) {
    const at = where.child('succeededIndexes');
    if (byteLength(indexes) > maxIndexesBytes) errors.push(tooLong(at, maxIndexesBytes));
    const parsed = parseIndexIntervals(indexes, completions);
    if (parsed.problem === undefined) named = parsed.count;
    else errors.push(invalidValue(at, indexes, `error parsing succeededIndexes: ${parsed.problem}`));
  }
  if (count !== undefined) {
    const at = where.child('succeededCount');
    errors.push(...nonNegative(count, at));
    const limit = (value: number, what: string): FieldError =>
      invalidValue(at, count, `must be less than or equal to ${value} (the number of ${what})`);
    if (count > completions) errors.push(limit(completions, 'specified completions'));
    if (indexes !== undefined && count > named) {
      errors.push(limit(named, 'indexes in the specified succeededIndexes field'));
    }
  }
  return errors;
}

/** Checks `successPolicy`: which indexes suffice. */
export function successPolicyErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const policy = spec.successPolicy;
  if (policy === undefined) return [];
  if (spec.completionMode !== 'Indexed')
    return [invalidValue(where, policy, 'requires indexed completion mode')];
  const at = where.child('rules');
  const rules = policy.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length === 0) {
    errors.push(required(at, 'at least one rules must be specified when the successPolicy is specified'));
  }
  if (rules.length > maxSuccessRules) errors.push(tooMany(at, rules.length, maxSuccessRules));
  return [
    ...errors,
    ...rules.flatMap((rule, index) => successRuleErrors(rule, spec.completions ?? 0, at.index(index))),
  ];
}
