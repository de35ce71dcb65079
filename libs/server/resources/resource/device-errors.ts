import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
  tooMany,
  validateDns1123Subdomain,
  validateLabelValue,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import type { Counter, Device, DeviceAttribute, DeviceTaint } from '@drydock/api/resource/v1';
import { oneOf, textErrors } from '../common/index.ts';
import { attributeNameErrors, itemsErrors, labelErrors, setErrors, taintEffects } from './checks.ts';

const maxAttributes = 32;
const maxAttributeValues = 48;
const maxValueBytes = 64;
const maxTaints = 16;
const maxConsumptions = 2;
const maxCounters = 32;
const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
const perDevice =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function stringErrors(value: string, where: FieldPath): FieldError[] {
  return byteLength(value) > maxValueBytes ? [tooLong(where, maxValueBytes)] : [];
}

function versionErrors(value: string, where: FieldPath): FieldError[] {
  const errors = semver.test(value)
    ? []
    : [invalidValue(where, value, 'must be a string compatible with semver.org spec 2.0.0')];
  return [...errors, ...stringErrors(value, where)];
}

const lists = ['bools', 'ints', 'strings', 'versions'] as const;

function attributeErrors(attribute: DeviceAttribute, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (attribute.string !== undefined) errors.push(...stringErrors(attribute.string, where.child('string')));
  if (attribute.version !== undefined)
    errors.push(...versionErrors(attribute.version, where.child('version')));
  for (const name of lists) {
    if (attribute[name]?.length === 0)
      errors.push(invalidValue(where.child(name), [], 'must not be empty if specified'));
  }
  errors.push(...itemsErrors(attribute.strings, Infinity, where.child('strings'), stringErrors));
  errors.push(...itemsErrors(attribute.versions, Infinity, where.child('versions'), versionErrors));
  const set = Object.values(attribute).filter((value) => value !== undefined && value !== null).length;
  if (set !== 1)
    errors.push(invalidValue(where, set === 0 ? '' : attribute, 'exactly one value must be specified'));
  return errors;
}

function valuesOf(attribute: DeviceAttribute): number {
  const listed = lists.reduce((sum, name) => sum + (attribute[name]?.length ?? 0), 0);
  return Math.max(1, listed);
}

function taintErrors({ key = '', value = '', effect }: DeviceTaint, where: FieldPath): FieldError[] {
  return [
    ...textErrors(validateQualifiedName(key), key, where.child('key')),
    ...(value === '' ? [] : textErrors(validateLabelValue(value), value, where.child('value'))),
    ...oneOf(effect, taintEffects, where.child('effect')),
  ];
}

/** Named counters: some, but not too many. */
export function countersErrors(
  counters: Readonly<Record<string, Counter>> | undefined,
  where: FieldPath,
): FieldError[] {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) return [required(where)];
  if (names.length > maxCounters) return [tooMany(where, names.length, maxCounters)];
  return names.flatMap((name) => labelErrors(name, where));
}

/** The name of a set of counters. */
export function counterSetNameErrors(name: string | undefined, where: FieldPath): FieldError[] {
  return name ? labelErrors(name, where) : [required(where)];
}

function placeErrors(
  { nodeName, nodeSelector, allNodes }: Device,
  each: boolean,
  where: FieldPath,
): FieldError[] {
  if (!each) {
    if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
    const detail =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return [invalidValue(where, null, detail)];
  }
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === '') errors.push(invalidValue(where.child('nodeName'), nodeName, 'must not be empty'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    errors.push(...textErrors(validateDns1123Subdomain(nodeName), nodeName, where.child('nodeName')));
  }
  if (nodeSelector !== undefined) set.push('`nodeSelector`');
  if (allNodes === true) set.push('`allNodes`');
  else if (allNodes === false)
    errors.push(invalidValue(where.child('allNodes'), false, 'must be either unset or set to true'));
  if (set.length === 0) errors.push(required(where, perDevice));
  else if (set.length > 1) errors.push(invalidValue(where, `{${set.join(', ')}}`, perDevice));
  return errors;
}

/** Checks one device of a slice; `each`: devices say for themselves on which nodes they are. */
export function deviceErrors(device: Device, each: boolean, where: FieldPath): FieldError[] {
  const attributes = Object.entries(device.attributes ?? {});
  const capacity = Object.entries(device.capacity ?? {});
  const errors = labelErrors(device.name, where.child('name'));
  const count = attributes.length + capacity.length;
  if (count > maxAttributes) {
    const detail = `the total number of attributes and capacities must not exceed ${maxAttributes}`;
    errors.push(invalidValue(where, count, detail));
  }
  const values = attributes.reduce((sum, [, attribute]) => sum + valuesOf(attribute), 0);
  if (values > maxAttributeValues) {
    const detail = `the total number of attribute values must not exceed ${maxAttributeValues}`;
    errors.push(invalidValue(where, values, detail));
  }
  for (const [name, attribute] of attributes) {
    errors.push(...attributeNameErrors(name, where.child('attributes')));
    errors.push(...attributeErrors(attribute, where.child('attributes').key(name)));
  }
  for (const [name, { requestPolicy }] of capacity) {
    errors.push(...attributeNameErrors(name, where.child('capacity')));
    if (requestPolicy !== undefined && device.allowMultipleAllocations !== true) {
      const at = where.child('capacity').key(name).child('requestPolicy');
      errors.push(forbiddenField(at, 'allowMultipleAllocations must be true'));
    }
  }
  errors.push(...itemsErrors(device.taints, maxTaints, where.child('taints'), taintErrors));
  errors.push(
    ...setErrors(
      device.consumesCounters,
      maxConsumptions,
      where.child('consumesCounters'),
      (one, at) => [
        ...counterSetNameErrors(one.counterSet, at.child('counterSet')),
        ...countersErrors(one.counters, at.child('counters')),
      ],
      ({ counterSet }) => counterSet,
    ),
  );
  return [...errors, ...placeErrors(device, each, where)];
}
