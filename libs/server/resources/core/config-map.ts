import {
  byteLength,
  fieldPath,
  forbiddenField,
  invalidValue,
  tooLong,
  validateConfigMapKey,
  type FieldError,
} from '@drydock/base/apimachinery';
import { deepEqual } from '@drydock/base/apimachinery';
import type { ConfigMap } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, textColumn, nameColumn } from '../common/index.ts';

/** ConfigMaps and Secrets hold at most this much. */
export const maxDataBytes = 1024 * 1024;

/** Whether it could be too large, at three bytes for each unit of its texts. */
function mayExceed({ data = {}, binaryData = {} }: ConfigMap): boolean {
  let units = 0;
  for (const key in data) units += data[key]?.length ?? 0;
  for (const key in binaryData) units += binaryData[key]?.length ?? 0;
  return units * 3 > maxDataBytes;
}

function size(value: ConfigMap): number {
  let bytes = 0;
  for (const text of Object.values(value.data ?? {})) bytes += byteLength(text);
  for (const text of Object.values(value.binaryData ?? {})) bytes += Math.floor((text.length * 3) / 4);
  return bytes;
}

function validate(value: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['data', 'binaryData'] as const) {
    for (const key of Object.keys(value[name] ?? {})) {
      const at = fieldPath(name).key(key);
      for (const message of validateConfigMapKey(key)) errors.push(invalidValue(at, key, message));
      if (name === 'data' && value.binaryData !== undefined && Object.hasOwn(value.binaryData, key)) {
        errors.push(invalidValue(at, key, 'duplicate of key present in binaryData'));
      }
    }
  }
  if (mayExceed(value) && size(value) > maxDataBytes) errors.push(tooLong(fieldPath().key(''), maxDataBytes));
  return errors;
}

function validateUpdate(value: ConfigMap, old: ConfigMap): FieldError[] {
  if (old.immutable !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const errors: FieldError[] = [];
  if (value.immutable !== true) errors.push(forbiddenField(fieldPath('immutable'), why));
  if (!deepEqual(value.data ?? {}, old.data ?? {})) errors.push(forbiddenField(fieldPath('data'), why));
  if (!deepEqual(value.binaryData ?? {}, old.binaryData ?? {}))
    errors.push(forbiddenField(fieldPath('binaryData'), why));
  return errors;
}

/** core/v1 ConfigMap. */
export const configMapDefinition: ResourceDefinition<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.ConfigMap',
  strategy: { generation: false, validate, validateUpdate },
  columns: [
    nameColumn as never,
    textColumn(
      'Data',
      'Number of entries.',
      (value) => Object.keys(value.data ?? {}).length + Object.keys(value.binaryData ?? {}).length,
    ),
    ageColumn as never,
  ],
};
