import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  forbiddenField,
  invalidValue,
  required,
  semanticEqual,
  tooLong,
} from '@drydock/base/apimachinery';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

/** Parameters of a class: bounded in number and size, and named. */
export function parametersErrors(
  parameters: Readonly<Record<string, string>> | undefined,
  where: FieldPath,
  allowEmpty = true,
): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  if (entries.length === 0 && !allowEmpty)
    return [required(where, 'must contain at least one key/value pair')];
  const errors: FieldError[] = [];
  if (entries.length > maxParameters) return [tooLong(where, maxParameters)];
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalidValue(where, key, 'field can not be empty.'));
    bytes += byteLength(key) + byteLength(value);
  }
  if (bytes > maxParameterBytes) errors.push(tooLong(where, maxParameterBytes));
  return errors;
}

/** Fields of a class that never change, in the words that storage uses. */
export function forbiddenChange(value: unknown, old: unknown, name: string): FieldError[] {
  return semanticEqual(value, old) ? [] : [forbiddenField(name, `updates to ${name} are forbidden.`)];
}

/** Whether a class is marked as the one to use when none is named. */
export function isDefaultClass(
  annotations: Readonly<Record<string, string>> | undefined,
  ...keys: string[]
): boolean {
  return keys.some((key) => annotations?.[key] === 'true');
}
