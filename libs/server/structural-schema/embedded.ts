import type { FieldError, FieldPath, ObjectMeta } from '@drydock/base/apimachinery';
import {
  fieldPath,
  invalidValue,
  isJsonObject,
  parseApiVersion,
  required,
  validateDns1035Label,
} from '@drydock/base/apimachinery';
import { additionalOf, isEmbedded, itemsOf, propertiesOf, someSchema, type JsonSchema } from './schema.ts';

type Check = (value: unknown, where: FieldPath, errors: FieldError[]) => void;
/** The generic rules of ObjectMeta; passed in, as they belong to the registry. */
export type MetaCheck = (metadata: ObjectMeta, where: FieldPath) => FieldError[];

function apiVersionErrors(value: unknown, where: FieldPath): FieldError[] {
  if (value === undefined) return [required(where)];
  if (typeof value !== 'string') return [invalidValue(where, value, 'must be a string')];
  if (value === '') return [invalidValue(where, value, 'must not be empty')];
  try {
    parseApiVersion(value);
    return [];
  } catch {
    return [invalidValue(where, value, `unexpected GroupVersion string: ${value}`)];
  }
}

function kindErrors(value: unknown, where: FieldPath): FieldError[] {
  if (value === undefined) return [required(where)];
  if (typeof value !== 'string') return [invalidValue(where, value, 'must be a string')];
  if (value === '') return [invalidValue(where, value, 'must not be empty')];
  const messages = validateDns1035Label(value.toLowerCase());
  if (messages.length === 0) return [];
  return [
    invalidValue(where, value, `may have mixed case, but should otherwise match: ${messages.join(',')}`),
  ];
}

function compile(schema: JsonSchema, checkMeta: MetaCheck): Check | undefined {
  if (!someSchema(schema, isEmbedded)) return undefined;
  const properties = propertiesOf(schema).flatMap(([name, below]) => {
    const check = compile(below, checkMeta);
    return check === undefined ? [] : [[name, check] as const];
  });
  const additional = additionalOf(schema);
  const others = typeof additional === 'object' ? compile(additional, checkMeta) : undefined;
  const items = itemsOf(schema);
  const each = items === undefined ? undefined : compile(items, checkMeta);
  return (value, where, errors) => {
    if (Array.isArray(value)) {
      if (each !== undefined) value.forEach((item: unknown, index) => each(item, where.index(index), errors));
      return;
    }
    if (!isJsonObject(value)) return;
    if (isEmbedded(schema)) {
      errors.push(...apiVersionErrors(value['apiVersion'], where.child('apiVersion')));
      errors.push(...kindErrors(value['kind'], where.child('kind')));
      if (isJsonObject(value['metadata']))
        errors.push(...checkMeta(value['metadata'] as ObjectMeta, where.child('metadata')));
    }
    for (const [name, check] of properties)
      if (Object.hasOwn(value, name)) check(value[name], where.child(name), errors);
    if (others !== undefined)
      for (const key of Object.keys(value)) others(value[key], where.key(key), errors);
  };
}

/** Compiles the check of objects embedded in an object; undefined where the schema embeds none. */
export function compileEmbedded(
  schema: JsonSchema,
  checkMeta: MetaCheck,
): ((object: unknown, where?: FieldPath) => FieldError[]) | undefined {
  const check = compile(schema, checkMeta);
  if (check === undefined) return undefined;
  return (object, where = fieldPath()) => {
    const errors: FieldError[] = [];
    check(object, where, errors);
    return errors;
  };
}
