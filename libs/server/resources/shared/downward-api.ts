import {
  canonicalQuantity,
  invalidValue,
  notSupported,
  parseQuantity,
  required,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { ObjectFieldSelector, ResourceFieldSelector } from '@drydock/api/core/v1';

/** Fields of a Pod that a variable can show, sorted. */
export const variableFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields of a Pod that a file can show, sorted. */
export const fileFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
/** Labels that Pods of v1 know at all. */
const known = new Set([
  ...variableFields,
  ...fileFields,
  'spec.host',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
const resources = ['limits', 'requests'].flatMap((side) =>
  ['cpu', 'ephemeral-storage', 'memory'].map((name) => `${side}.${name}`),
);
const hugePages = /^(limits|requests)\.hugepages-/;
const units = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** A reference to a field of the Pod; `supported` are the fields that may be shown there. */
export function fieldRefErrors(
  selector: ObjectFieldSelector,
  supported: readonly string[],
  where: FieldPath,
): FieldError[] {
  const { apiVersion = 'v1', fieldPath: path = '' } = selector;
  if (apiVersion === '') return [required(where.child('apiVersion'))];
  const at = where.child('fieldPath');
  if (path === '') return [required(at)];
  const unconverted = (why: string) => [invalidValue(at, path, `error converting fieldPath: ${why}`)];
  if (apiVersion !== 'v1') return unconverted(`unsupported pod version: ${apiVersion}`);
  const subscripted = /^(.*)\['(.*)'\]$/s.exec(path);
  if (subscripted !== null) {
    const [, field = '', key = ''] = subscripted;
    if (field !== 'metadata.annotations' && field !== 'metadata.labels')
      return unconverted(`field label does not support subscript: ${path}`);
    const name = field === 'metadata.annotations' ? key.toLowerCase() : key;
    return validateQualifiedName(name).map((message) => invalidValue(where, name, message));
  }
  if (!known.has(path)) return unconverted(`field label not supported: ${path}`);
  const converted = path === 'spec.host' ? 'spec.nodeName' : path;
  return supported.includes(converted) ? [] : [notSupported(at, converted, supported)];
}

function divisorErrors(resource: string, divisor: string | undefined, where: FieldPath): FieldError[] {
  if (divisor === undefined || parseQuantity(divisor).sign() === 0) return [];
  const given = canonicalQuantity(divisor);
  const refuse = (values: string, what: string) => [
    invalidValue(where, resource, `only divisor's values ${values} are supported with the ${what} resource`),
  ];
  const among = units.join(', ');
  if (resource.endsWith('.cpu')) return given === '1m' || given === '1' ? [] : refuse('1m and 1', 'cpu');
  if (units.includes(given)) return [];
  if (resource.endsWith('.memory')) return refuse(among, 'memory');
  if (resource.endsWith('.ephemeral-storage')) return refuse(among, 'local ephemeral storage');
  return hugePages.test(resource) ? refuse(among, 'hugepages') : [];
}

/** A reference to what a container asks for. Files must name the container. */
export function resourceFieldRefErrors(
  selector: ResourceFieldSelector,
  where: FieldPath,
  inFile: boolean,
): FieldError[] {
  const { containerName = '', resource = '', divisor } = selector;
  const errors: FieldError[] = [];
  const at = where.child('resource');
  if (inFile && containerName === '') errors.push(required(where.child('containerName')));
  else if (resource === '') errors.push(required(at));
  else if (!resources.includes(resource) && !hugePages.test(resource))
    errors.push(notSupported(at, resource, resources));
  return [...errors, ...divisorErrors(resource, divisor, where.child('divisor'))];
}
