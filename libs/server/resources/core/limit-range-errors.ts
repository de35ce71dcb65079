import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  duplicate,
  fieldPath,
  forbiddenField,
  invalidValue,
  required,
  tryParseQuantity,
  validateQualifiedName,
  type Quantity,
} from '@drydock/base/apimachinery';
import type { LimitRange, LimitRangeItem } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';
import { containerResourceNameErrors, overcommits, resourceNameErrors } from '../shared/index.ts';

const standardTypes = ['Pod', 'Container', 'PersistentVolumeClaim'];

/** Fills in what follows from the rest: the limit from the maximum, the request from the limit or the minimum. */
export function defaultLimits(items: readonly LimitRangeItem[]): void {
  for (const item of items) {
    if (item.type !== 'Container') continue;
    const limits = { ...item.max, ...item.default };
    const requests = { ...item.min, ...limits, ...item.defaultRequest };
    if (Object.keys(limits).length > 0) item.default = limits;
    if (Object.keys(requests).length > 0) item.defaultRequest = requests;
  }
}

function typeErrors(type: string, where: FieldPath): FieldError[] {
  const errors = textErrors(validateQualifiedName(type), type, where);
  if (errors.length === 0 && !type.includes('/') && !standardTypes.includes(type))
    return [invalidValue(where, type, 'must be a standard limit type or fully qualified')];
  return errors;
}

const bounds = ['min', 'default', 'defaultRequest', 'max', 'maxLimitRequestRatio'] as const;
type Bound = (typeof bounds)[number];

/** Checks what is said of one resource. */
function amountErrors(item: LimitRangeItem, name: string, where: FieldPath): FieldError[] {
  const read = (bound: Bound): Quantity | undefined => tryParseQuantity(item[bound]?.[name]);
  const [min, limit, request, max, ratio] = bounds.map(read);
  const errors: FieldError[] = [];
  const order = (
    less: Quantity | undefined,
    more: Quantity | undefined,
    at: Bound,
    value: Quantity | undefined,
    words: readonly [string, string],
  ): void => {
    if (less === undefined || more === undefined || less.compare(more) <= 0) return;
    const detail = `${words[0]} value ${less.toString()} is greater than ${words[1]} value ${more.toString()}`;
    errors.push(invalidValue(where.child(at).key(name), value?.toString(), detail));
  };
  order(min, max, 'min', min, ['min', 'max']);
  order(min, request, 'defaultRequest', request, ['min', 'default request']);
  order(request, max, 'defaultRequest', request, ['default request', 'max']);
  order(request, limit, 'defaultRequest', request, ['default request', 'default limit']);
  order(min, limit, 'default', min, ['min', 'default']);
  order(limit, max, 'default', max, ['default', 'max']);
  const at = where.child('maxLimitRequestRatio').key(name);
  if (ratio !== undefined && ratio.compare(tryParseQuantity('1')!) < 0)
    errors.push(invalidValue(at, ratio.toString(), `ratio ${ratio.toString()} is less than 1`));
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const most = max.milliValue() / min.milliValue();
    const detail = `ratio ${ratio.toString()} is greater than max/min = ${most.toFixed(6)}`;
    if (ratio.milliValue() / 1000 > most) errors.push(invalidValue(at, ratio.toString(), detail));
  }
  if (!overcommits(name) && limit !== undefined && request !== undefined && limit.compare(request) !== 0) {
    const detail = `default value ${limit.toString()} must equal to defaultRequest value ${request.toString()} in ${name}`;
    errors.push(invalidValue(where.child('defaultRequest').key(name), request.toString(), detail));
  }
  return errors;
}

/** Checks a LimitRange. */
export function limitRangeErrors({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const at = fieldPath('spec', 'limits').index(index);
    const type = item.type ?? '';
    const errors = typeErrors(type, at.child('type'));
    if (seen.has(type)) errors.push(duplicate(at.child('type'), type));
    seen.add(type);
    if (type === 'Pod') {
      for (const name of ['default', 'defaultRequest'] as const) {
        if (Object.keys(item[name] ?? {}).length > 0)
          errors.push(forbiddenField(at.child(name), "may not be specified when `type` is 'Pod'"));
      }
    }
    if (
      type === 'PersistentVolumeClaim' &&
      item.min?.['storage'] === undefined &&
      item.max?.['storage'] === undefined
    ) {
      const detail = 'either minimum or maximum storage value is required, but neither was provided';
      errors.push(required(at.child('limits'), detail));
    }
    const checked = type === 'Pod' ? (['max', 'min', 'maxLimitRequestRatio'] as const) : bounds;
    const ofContainer = type === 'Pod' || type === 'Container';
    for (const bound of checked)
      for (const name of Object.keys(item[bound] ?? {})) {
        const where = at.child(bound).key(name);
        errors.push(...(ofContainer ? containerResourceNameErrors : resourceNameErrors)(name, where));
      }
    const names = new Set(checked.flatMap((bound) => Object.keys(item[bound] ?? {})));
    return [...errors, ...[...names].flatMap((name) => amountErrors(item, name, at))];
  });
}
