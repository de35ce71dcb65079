import type { FieldError } from './field-error.ts';
import { forbiddenField, invalidValue, required } from './field-error.ts';
import type { FieldPath } from './field-path.ts';
import { goQuote } from './go-format.ts';
import type { LabelMatcher, SelectorOperator, SelectorRequirement } from './label-selector.ts';
import { compileSelector, everything, nothing } from './label-selector.ts';
import { SelectorSyntaxError, newRequirement } from './label-selector-parser.ts';
import { validateLabelValue, validateQualifiedName } from './names.ts';
import type { LabelSelector, LabelSelectorRequirement } from './types.ts';

const operators: ReadonlyMap<string, SelectorOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

// Controllers ask for the selector of the same immutable object again and again.
const compiled = new WeakMap<LabelSelector, LabelMatcher>();

/**
 * Compiles an object's LabelSelector: absent matches nothing, empty matches everything. Remembers the result for the
 * same object, so the object must not be changed afterwards.
 * @throws SelectorSyntaxError in Kubernetes' words
 */
export function selectorFromLabelSelector(selector: LabelSelector | null | undefined): LabelMatcher {
  if (selector === null || selector === undefined) return nothing;
  const known = compiled.get(selector);
  if (known !== undefined) return known;
  const requirements: SelectorRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(newRequirement(key, '=', [value]));
  }
  for (const expression of selector.matchExpressions ?? []) {
    const operator = operators.get(expression.operator);
    if (operator === undefined) {
      throw new SelectorSyntaxError(`${goQuote(expression.operator)} is not a valid label selector operator`);
    }
    requirements.push(newRequirement(expression.key, operator, [...(expression.values ?? [])]));
  }
  const result = requirements.length === 0 ? everything : compileSelector(requirements);
  compiled.set(selector, result);
  return result;
}

/** Whether labels match a LabelSelector object or a compiled selector. */
export function matches(
  selector: LabelSelector | LabelMatcher | null | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (selector !== null && selector !== undefined && 'matches' in selector) return selector.matches(labels);
  return selectorFromLabelSelector(selector).matches(labels);
}

/** Whether the LabelSelector has no condition at all (or is absent). */
export function isEmptyLabelSelector(selector: LabelSelector | null | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0;
}

/** Checks one label or annotation key. */
export function validateLabelName(name: string, where: FieldPath | string): FieldError[] {
  return validateQualifiedName(name).map((message) => invalidValue(where, name, message));
}

/** Checks a map of labels; all errors carry the map's path, as in Kubernetes. */
export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  where: FieldPath | string,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...validateLabelName(key, where),
    ...validateLabelValue(value).map((message) => invalidValue(where, value, message)),
  ]);
}

/** Checks a LabelSelector. */
export function validateLabelSelector(
  selector: LabelSelector | null | undefined,
  where: FieldPath,
): FieldError[] {
  if (selector === null || selector === undefined) return [];
  const expressions = where.child('matchExpressions');
  return [
    ...validateLabels(selector.matchLabels, where.child('matchLabels')),
    ...(selector.matchExpressions ?? []).flatMap((expression, index) =>
      validateLabelSelectorRequirement(expression, expressions.index(index)),
    ),
  ];
}

function validateLabelSelectorRequirement(
  requirement: LabelSelectorRequirement,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.push(required(where.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        errors.push(forbiddenField(where.child('values'), detail));
      }
      break;
    default:
      errors.push(
        invalidValue(where.child('operator'), requirement.operator ?? '', 'not a valid selector operator'),
      );
  }
  errors.push(...validateLabelName(requirement.key ?? '', where.child('key')));
  values.forEach((value, index) => {
    for (const message of validateLabelValue(value)) {
      errors.push(invalidValue(where.child('values').index(index), value, message));
    }
  });
  return errors;
}

/** The text form of a LabelSelector object; undefined for an absent one. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string | undefined {
  return selector === null || selector === undefined
    ? undefined
    : selectorFromLabelSelector(selector).toString();
}
