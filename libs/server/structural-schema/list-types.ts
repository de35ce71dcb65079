import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  canonicalJson,
  duplicate,
  fieldPath,
  getOwn,
  invalidValue,
  isJsonObject,
} from '@drydock/base/apimachinery';
import { additionalOf, itemsOf, propertiesOf, someSchema, type JsonSchema } from './schema.ts';

type Check = (value: unknown, where: FieldPath, errors: FieldError[]) => void;

/** Positions of values that stood earlier in the list already; each value is told once. */
function repeated(values: readonly unknown[]): number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  values.forEach((value, index) => {
    const text = canonicalJson(value);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) found.push(index);
  });
  return found;
}

function checkMap(list: readonly unknown[], keys: readonly string[], where: FieldPath): FieldError[] {
  const wrong = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (wrong >= 0)
    return [invalidValue(where.index(wrong), list[wrong], 'must be an object for an array of list-type map')];
  const identities = list.map((item) =>
    Object.fromEntries(
      keys
        .filter((key) => isJsonObject(item) && Object.hasOwn(item, key))
        .map((key) => [key, getOwn(item as object, key)]),
    ),
  );
  return repeated(identities).map((index) => duplicate(where.index(index), identities[index]));
}

function compile(schema: JsonSchema): Check | undefined {
  const hasTypes = (one: JsonSchema) => ['set', 'map'].includes(one['x-kubernetes-list-type'] ?? '');
  if (!someSchema(schema, hasTypes)) return undefined;
  const properties = propertiesOf(schema).flatMap(([name, below]) => {
    const check = compile(below);
    return check === undefined ? [] : [[name, check] as const];
  });
  const additional = additionalOf(schema);
  const others = typeof additional === 'object' ? compile(additional) : undefined;
  const items = itemsOf(schema);
  const each = items === undefined ? undefined : compile(items);
  const type = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return (value, where, errors) => {
    if (Array.isArray(value)) {
      if (type === 'set')
        for (const index of repeated(value)) errors.push(duplicate(where.index(index), value[index]));
      else if (type === 'map') errors.push(...checkMap(value, keys, where));
      if (each !== undefined) value.forEach((item: unknown, index) => each(item, where.index(index), errors));
    } else if (isJsonObject(value)) {
      for (const [name, check] of properties)
        if (Object.hasOwn(value, name)) check(value[name], where.child(name), errors);
      if (others !== undefined)
        for (const key of Object.keys(value)) others(value[key], where.key(key), errors);
    }
  };
}

/** Compiles the check that sets and maps in lists hold nothing twice; undefined where the schema has no such lists. */
export function compileListTypes(schema: JsonSchema): ((object: unknown) => FieldError[]) | undefined {
  const check = compile(schema);
  if (check === undefined) return undefined;
  return (object) => {
    const errors: FieldError[] = [];
    check(object, fieldPath(), errors);
    return errors;
  };
}
