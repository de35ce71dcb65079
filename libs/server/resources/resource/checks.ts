import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  validateCIdentifier,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import type { DeviceToleration } from '@drydock/api/resource/v1';
import { textErrors } from '../common/index.ts';

const maxDriverBytes = 63;
const maxPoolBytes = 253;
const maxIdBytes = 32;
const operators = ['Equal', 'Exists'];
/** What a taint does, in the order in which Kubernetes lists it. */
export const taintEffects = ['NoExecute', 'NoSchedule', 'None'];

type Check<T> = (item: T, where: FieldPath) => FieldError[];

/** Each item of a list of at most `max`; where there are more, that alone is said. */
export function itemsErrors<T>(
  items: readonly T[] | undefined,
  max: number,
  where: FieldPath,
  check: Check<T>,
): FieldError[] {
  const all = items ?? [];
  if (all.length > max) return [tooMany(where, all.length, max)];
  return all.flatMap((item, index) => check(item, where.index(index)));
}

/** As `itemsErrors`, and no two of the same key. */
export function setErrors<T>(
  items: readonly T[] | undefined,
  max: number,
  where: FieldPath,
  check: Check<T>,
  keyOf: (item: T) => string,
): FieldError[] {
  const all = items ?? [];
  if (all.length > max) return [tooMany(where, all.length, max)];
  const errors = itemsErrors(all, max, where, check);
  const seen = new Set<string>();
  all.forEach((item, index) => {
    const key = keyOf(item);
    if (seen.has(key)) errors.push(duplicate(where.index(index), key));
    seen.add(key);
  });
  return errors;
}

/** The name of a driver: a DNS subdomain of at most 63 bytes. */
export function driverErrors(name: string | undefined, where: FieldPath): FieldError[] {
  if (!name) return [required(where)];
  const errors = byteLength(name) > maxDriverBytes ? [tooLong(where, maxDriverBytes)] : [];
  return [...errors, ...textErrors(validateDns1123Subdomain(name.toLowerCase()), name, where)];
}

/** A DNS label: names of devices, requests and counters. */
export function labelErrors(name: string | undefined, where: FieldPath): FieldError[] {
  return textErrors(validateDns1123Label(name ?? ''), name ?? '', where);
}

/** A pool's name: DNS subdomains with slashes between them. */
export function poolErrors(name: string | undefined, where: FieldPath): FieldError[] {
  if (!name) return [required(where)];
  const errors = byteLength(name) > maxPoolBytes ? [tooLong(where, maxPoolBytes)] : [];
  return [
    ...errors,
    ...name.split('/').flatMap((part) => textErrors(validateDns1123Subdomain(part), part, where)),
  ];
}

function identifierErrors(id: string, where: FieldPath): FieldError[] {
  const errors = byteLength(id) > maxIdBytes ? [tooLong(where, maxIdBytes)] : [];
  return [...errors, ...textErrors(validateCIdentifier(id), id, where)];
}

/** The name of an attribute or a capacity: an identifier, which may stand in a domain. */
export function attributeNameErrors(name: string, where: FieldPath): FieldError[] {
  const [first = '', second, ...more] = name.split('/');
  if (more.length > 0) return [invalidValue(where, name, 'must not contain more than one slash')];
  if (second === undefined) return identifierErrors(first, where);
  return [
    ...(first === ''
      ? [invalidValue(where, '', 'the domain must not be empty')]
      : driverErrors(first, where)),
    ...(second === ''
      ? [invalidValue(where, '', 'the name must not be empty')]
      : identifierErrors(second, where)),
  ];
}

/** The same, in a domain for certain. */
export function qualifiedAttributeErrors(name: string, where: FieldPath): FieldError[] {
  const errors = attributeNameErrors(name, where);
  if (!name.includes('/')) {
    const detail = 'a fully qualified name must be a domain and a name separated by a slash';
    errors.push(invalidValue(where, name, detail));
  }
  return errors;
}

/** Parameters that only a driver understands: an object of at most `maxBytes`. */
export function opaqueErrors(value: unknown, maxBytes: number, where: FieldPath): FieldError[] {
  if (value === undefined || value === null) return [required(where)];
  if (byteLength(JSON.stringify(value)) > maxBytes) return [tooLong(where, maxBytes)];
  return typeof value !== 'object' || Array.isArray(value)
    ? [invalidValue(where, '<value omitted>', 'must be a valid JSON object')]
    : [];
}

/** Which taints of devices a request puts up with. */
export function tolerationErrors(toleration: DeviceToleration, where: FieldPath): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  const errors = key === '' ? [] : textErrors(validateQualifiedName(key), key, where.child('key'));
  if (operator === 'Exists') {
    if (value !== '')
      errors.push(invalidValue(where.child('value'), value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') {
    errors.push(...textErrors(validateLabelValue(value), value, where.child('value')));
  } else if (operator === '') errors.push(required(where.child('operator')));
  else errors.push(notSupported(where.child('operator'), operator, operators));
  if (effect !== '' && !taintEffects.includes(effect))
    errors.push(notSupported(where.child('effect'), effect, taintEffects));
  return errors;
}
