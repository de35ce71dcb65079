import type { FieldError, FieldPath, LabelSelector } from '@drydock/base/apimachinery';
import {
  forbiddenField,
  invalidValue,
  isEmptyLabelSelector,
  notSupported,
  required,
  selectorFromLabelSelector,
  semanticEqual,
  validateLabelSelector,
} from '@drydock/base/apimachinery';

/** A number of JSON that must not be below zero; absent passes. */
export function nonNegative(value: number | undefined, where: FieldPath): FieldError[] {
  return value !== undefined && value < 0
    ? [invalidValue(where, value, 'must be greater than or equal to 0')]
    : [];
}

/** A number that must be above zero; absent passes. */
export function positive(value: number | undefined, where: FieldPath): FieldError[] {
  return value !== undefined && value <= 0 ? [invalidValue(where, value, 'must be greater than 0')] : [];
}

/** Every named counter of a status must not be below zero. */
export function nonNegativeFields(object: object, names: readonly string[], where: FieldPath): FieldError[] {
  const counters = object as Readonly<Record<string, unknown>>;
  return names.flatMap((name) => nonNegative(counters[name] as number | undefined, where.child(name)));
}

/** A field that may never change. Absent, null and empty are the same. */
export function immutable(value: unknown, old: unknown, where: FieldPath): FieldError[] {
  return semanticEqual(value, old) ? [] : [invalidValue(where, value ?? null, 'field is immutable')];
}

/** A value of a closed set; absent or empty is `Required value`. */
export function oneOf(
  value: string | undefined,
  supported: readonly string[],
  where: FieldPath,
): FieldError[] {
  if (value === undefined || value === '') return [required(where)];
  return supported.includes(value) ? [] : [notSupported(where, value, supported)];
}

/** A value of a closed set; absent passes. */
export function optionalOneOf(
  value: string | undefined,
  supported: readonly string[],
  where: FieldPath,
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(where, value, supported)];
}

/** One `Invalid value` for each message of a text check of base/apimachinery. */
export function textErrors(messages: readonly string[], value: unknown, where: FieldPath): FieldError[] {
  return messages.map((message) => invalidValue(where, value, message));
}

/** A counter of hash collisions never goes back. */
export function collisionCountErrors(
  status: { readonly collisionCount?: number } | undefined,
  old: { readonly collisionCount?: number } | undefined,
): FieldError[] {
  if (old?.collisionCount === undefined) return [];
  if (status?.collisionCount !== undefined && status.collisionCount >= old.collisionCount) return [];
  return [invalidValue('status.collisionCount', status?.collisionCount ?? 0, 'cannot be decremented')];
}

interface TemplateLike {
  readonly metadata?: { readonly labels?: Record<string, string> };
}

/**
 * The selector of a workload: there, well formed, not empty, and matching the template's labels.
 * `emptyDetail` is the text for an empty selector, `invalidDetail` that for one that does not compile.
 */
export function workloadSelectorErrors(
  spec: { readonly selector?: LabelSelector; readonly template?: TemplateLike },
  where: FieldPath,
  emptyDetail: string,
  invalidDetail = 'invalid label selector',
): FieldError[] {
  const at = where.child('selector');
  const selector = spec.selector;
  const errors = selector === undefined ? [required(at)] : validateLabelSelector(selector, at);
  const empty = selector !== undefined && isEmptyLabelSelector(selector);
  if (empty) errors.push(invalidValue(at, selector, emptyDetail));
  const labels = spec.template?.metadata?.labels;
  const matched = empty || selectorMatches(selector, labels);
  if (matched === undefined) errors.push(invalidValue(at, selector, invalidDetail));
  else if (!matched) {
    const labelsPath = where.child('template', 'metadata', 'labels');
    errors.push(invalidValue(labelsPath, labels ?? null, '`selector` does not match template `labels`'));
  }
  return errors;
}

/** Whether a LabelSelector object matches; undefined when it is malformed. */
export function selectorMatches(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean | undefined {
  try {
    // A copy: compiled selectors are remembered by object, and drafts still change.
    return selectorFromLabelSelector(selector === undefined ? undefined : { ...selector }).matches(
      labels ?? {},
    );
  } catch {
    return undefined;
  }
}

/** Pods of controllers that replace what ends must restart always and have no deadline. `kind` is named in the text. */
export function alwaysRestartErrors(
  podSpec: { readonly restartPolicy?: string; readonly activeDeadlineSeconds?: number } | undefined,
  kind: string,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (podSpec?.restartPolicy !== 'Always') {
    errors.push(notSupported(where.child('restartPolicy'), podSpec?.restartPolicy ?? '', ['Always']));
  }
  if (podSpec?.activeDeadlineSeconds !== undefined) {
    const detail = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(forbiddenField(where.child('activeDeadlineSeconds'), detail));
  }
  return errors;
}
