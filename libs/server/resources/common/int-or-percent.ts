import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { invalidValue, validatePercent } from '@drydock/base/apimachinery';
import { nonNegative } from './checks.ts';

/** A count, or a share such as `25%`. */
export type IntOrPercent = number | string;

function percentOf(value: IntOrPercent | undefined): number | undefined {
  return typeof value === 'string' && validatePercent(value).length === 0
    ? Number.parseInt(value, 10)
    : undefined;
}

/** The number in front: `25%` gives 25, 3 gives 3, nonsense and absent give 0. */
export function intOrPercentValue(value: IntOrPercent | undefined): number {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  if (percent !== undefined) return percent;
  const count = Number(value ?? 0);
  return Number.isInteger(count) ? count : 0;
}

/** Must be a count from 0 or a percentage; absent passes. */
export function intOrPercentErrors(value: IntOrPercent | undefined, where: FieldPath): FieldError[] {
  if (typeof value !== 'string') return nonNegative(value, where);
  return validatePercent(value).map((message) => invalidValue(where, value, message));
}

/** A percentage must not be above 100; counts pass. */
export function above100PercentErrors(value: IntOrPercent | undefined, where: FieldPath): FieldError[] {
  const percent = percentOf(value);
  return percent === undefined || percent <= 100
    ? []
    : [invalidValue(where, value, 'must not be greater than 100%')];
}
