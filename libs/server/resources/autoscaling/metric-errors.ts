import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  compareQuantities,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tryParseQuantity,
  validateDns1123Label,
  validatePathSegment,
} from '@drydock/base/apimachinery';
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '@drydock/api/autoscaling/v2';
import { textErrors } from '../common/index.ts';
import { containerResourceNameErrors } from '../shared/index.ts';

const sourceFields: Readonly<
  Record<string, 'containerResource' | 'external' | 'object' | 'pods' | 'resource'>
> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};
const targetTypes = ['Utilization', 'Value', 'AverageValue'];
const eitherValue = 'must set either a target value for metric or a per-pod target';
const notBothValues = 'may not set both a target value for metric and a per-pod target';
const eitherResource = 'must set either a target raw value or a target utilization';

/** What the API version of a reference may be: any with a group, also one without (`v1`), or anything. */
export type ReferenceVersions = 'grouped' | 'any' | 'unchecked';

function versionProblem(apiVersion: string, allowed: ReferenceVersions): string | undefined {
  if (allowed === 'unchecked') return undefined;
  if (apiVersion.split('/').length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const hasGroup = apiVersion.indexOf('/') > 0;
  return allowed === 'grouped' && !hasGroup ? 'apiVersion must specify API group' : undefined;
}

/** Is the API version of what an object metric describes none? */
export function isBadVersion(reference: CrossVersionObjectReference | undefined): boolean {
  return versionProblem(reference?.apiVersion ?? '', 'any') !== undefined;
}

/** Checks a reference to the object that is scaled or measured. */
export function referenceErrors(
  reference: CrossVersionObjectReference | undefined,
  where: FieldPath,
  versions: ReferenceVersions,
): FieldError[] {
  const check = (name: 'kind' | 'name'): FieldError[] => {
    const value = reference?.[name] ?? '';
    return value === ''
      ? [required(where.child(name))]
      : textErrors(validatePathSegment(value), value, where.child(name));
  };
  const apiVersion = reference?.apiVersion ?? '';
  const problem = versionProblem(apiVersion, versions);
  return [
    ...check('kind'),
    ...check('name'),
    ...(problem === undefined ? [] : [invalidValue(where.child('apiVersion'), apiVersion, problem)]),
  ];
}

function isPositive(quantity: string): boolean {
  return tryParseQuantity(quantity) === undefined || compareQuantities(quantity, '0') > 0;
}

function targetErrors(target: MetricTarget | undefined, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const type = target?.type ?? '';
  if (type === '') errors.push(required(where.child('type'), 'must specify a metric target type'));
  if (!targetTypes.includes(type)) {
    errors.push(
      invalidValue(where.child('type'), type, 'must be either Utilization, Value, or AverageValue'),
    );
  }
  for (const name of ['value', 'averageValue'] as const) {
    const value = target?.[name];
    if (value !== undefined && !isPositive(value)) {
      errors.push(invalidValue(where.child(name), value, 'must be positive'));
    }
  }
  const utilization = target?.averageUtilization;
  if (utilization !== undefined && utilization < 1) {
    errors.push(invalidValue(where.child('averageUtilization'), utilization, 'must be greater than 0'));
  }
  return errors;
}

function identifierErrors(metric: MetricIdentifier | undefined, where: FieldPath): FieldError[] {
  const name = metric?.name ?? '';
  const at = where.child('name');
  // A selector that is none is found out by the autoscaler.
  return name === ''
    ? [required(at, 'must specify a metric name')]
    : textErrors(validatePathSegment(name), name, at);
}

function valueErrors(target: MetricTarget | undefined, where: FieldPath, detail: string): FieldError[] {
  return target?.value === undefined && target?.averageValue === undefined
    ? [required(where.child('averageValue'), detail)]
    : [];
}

function resourceErrors(
  source: { readonly name?: string; readonly target?: MetricTarget },
  where: FieldPath,
  container?: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = where.child('target');
  const name = source.name ?? '';
  if (name === '') errors.push(required(where.child('name'), 'must specify a resource name'));
  else if (container !== undefined) errors.push(...containerResourceNameErrors(name, where.child('name')));
  if (container === '') errors.push(required(where.child('container'), 'must specify a container'));
  else if (container !== undefined)
    errors.push(...textErrors(validateDns1123Label(container), container, where.child('container')));
  errors.push(...targetErrors(source.target, at));
  const { averageUtilization, averageValue } = source.target ?? {};
  if (averageUtilization === undefined && averageValue === undefined) {
    errors.push(required(at.child('averageUtilization'), eitherResource));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = 'may not set both a target raw value and a target utilization';
    errors.push(forbiddenField(at.child('averageValue'), detail));
  }
  return errors;
}

/** The errors of the first source that is there: further ones are refused as such. */
function sourceErrors(metric: MetricSpec, where: FieldPath, described: ReferenceVersions): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  if (object !== undefined) {
    const at = where.child('object');
    return [
      ...referenceErrors(object.describedObject, at.child('describedObject'), described),
      ...identifierErrors(object.metric, at.child('metric')),
      ...targetErrors(object.target, at.child('target')),
      ...valueErrors(object.target, at.child('target'), 'must set either a target value or averageValue'),
    ];
  }
  if (external !== undefined) {
    const at = where.child('external');
    const both = external.target?.value !== undefined && external.target.averageValue !== undefined;
    return [
      ...identifierErrors(external.metric, at.child('metric')),
      ...targetErrors(external.target, at.child('target')),
      ...valueErrors(external.target, at.child('target'), eitherValue),
      ...(both ? [forbiddenField(at.child('target', 'value'), notBothValues)] : []),
    ];
  }
  if (pods !== undefined) {
    const at = where.child('pods');
    const detail = 'must specify a positive target averageValue';
    return [
      ...identifierErrors(pods.metric, at.child('metric')),
      ...targetErrors(pods.target, at.child('target')),
      ...(pods.target?.averageValue === undefined
        ? [required(at.child('target', 'averageValue'), detail)]
        : []),
    ];
  }
  if (resource !== undefined) return resourceErrors(resource, where.child('resource'));
  if (containerResource === undefined) return [];
  const container = containerResource.container ?? '';
  return resourceErrors(containerResource, where.child('containerResource'), container);
}

/** Checks one metric of an autoscaler: its type, and that only the source of that type is there. */
export function metricErrors(
  metric: MetricSpec,
  where: FieldPath,
  described: ReferenceVersions,
): FieldError[] {
  const errors: FieldError[] = [];
  const type = metric.type ?? '';
  if (type === '') errors.push(required(where.child('type'), 'must specify a metric source type'));
  if (!Object.hasOwn(sourceFields, type)) {
    errors.push(notSupported(where.child('type'), type, Object.keys(sourceFields)));
  }
  errors.push(...sourceErrors(metric, where, described));
  const expected = Object.hasOwn(sourceFields, type) ? sourceFields[type] : undefined;
  if (expected !== undefined && metric[expected] === undefined) {
    errors.push(required(where.child(expected), 'must populate information for the given metric source'));
  }
  const given = Object.values(sourceFields).filter((name) => metric[name] !== undefined);
  // A single source of another type is told by the one that is missing.
  for (const name of given.length > 1 ? given : []) {
    if (name !== expected)
      errors.push(forbiddenField(where.child(name), 'must populate the given metric source only'));
  }
  return errors;
}
