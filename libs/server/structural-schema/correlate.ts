import { deepEqual, getOwn, isJsonObject } from '@drydock/base/apimachinery';
import type { JsonSchema } from './schema.ts';

type Before = { readonly value: unknown } | undefined;

/** Finds what stood in a field or item before. */
export interface Correlation {
  field(name: string): Before;
  /** Only lists of type map have items that can be told apart. */
  item(item: unknown): Before;
}

const nothing: Correlation = { field: () => undefined, item: () => undefined };

/** The keys of a list of type map that its items are found by. */
export function listKeys(schema: JsonSchema): readonly string[] | undefined {
  return schema['x-kubernetes-list-type'] === 'map'
    ? (schema['x-kubernetes-list-map-keys'] ?? [])
    : undefined;
}

/** `before` is the value that the schema's value replaces. */
export function correlate(schema: JsonSchema, before: Before): Correlation {
  if (before === undefined) return nothing;
  const { value } = before;
  if (Array.isArray(value)) {
    const keys = listKeys(schema);
    if (keys === undefined || keys.length === 0) return nothing;
    return {
      field: () => undefined,
      item(item) {
        if (!isJsonObject(item)) return undefined;
        const same = value.find(
          (old) => isJsonObject(old) && keys.every((key) => deepEqual(getOwn(old, key), getOwn(item, key))),
        ) as unknown;
        return same === undefined ? undefined : { value: same };
      },
    };
  }
  if (!isJsonObject(value) || schema['x-kubernetes-map-type'] === 'atomic') return nothing;
  return {
    field: (name) => (Object.hasOwn(value, name) ? { value: getOwn(value, name) } : undefined),
    item: () => undefined,
  };
}
