import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import { getPath, invalidValue } from '@drydock/base/apimachinery';
import type { CustomResourceSubresourceScale } from '@drydock/api/apiextensions/v1';

const maxInt32 = 2 ** 31 - 1;

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return value === null ? '<nil>' : 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

function replicasErrors(object: KubeObject, path: string): FieldError[] {
  const value = getPath(object, path);
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    const detail = `${path} accessor error: ${String(value)} is of the type ${goTypeOf(value)}, expected int64`;
    return [invalidValue(path, 0, detail)];
  }
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return value > maxInt32 ? [invalidValue(path, value, `should be less than or equal to ${maxInt32}`)] : [];
}

/** What is wrong with the fields that the scale subresource reads from the spec. */
export function scaleSpecErrors(
  object: KubeObject,
  scale: CustomResourceSubresourceScale | undefined,
): FieldError[] {
  return scale === undefined ? [] : replicasErrors(object, scale.specReplicasPath);
}

/** … and from the status. */
export function scaleStatusErrors(
  object: KubeObject,
  scale: CustomResourceSubresourceScale | undefined,
): FieldError[] {
  if (scale === undefined) return [];
  const errors = replicasErrors(object, scale.statusReplicasPath);
  const path = scale.labelSelectorPath;
  const value = path === undefined || path === '' ? undefined : getPath(object, path);
  if (path === undefined || value === undefined || typeof value === 'string') return errors;
  const detail = `${path} accessor error: ${JSON.stringify(value)} is of the type ${goTypeOf(value)}, expected string`;
  return [...errors, invalidValue(path, '', detail)];
}
