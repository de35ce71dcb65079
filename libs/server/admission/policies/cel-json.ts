import {
  CelError,
  durationText,
  isList,
  MapView,
  Message,
  ObjectView,
  Optional,
  Timestamp,
  timestampText,
  Duration,
  Uint,
  type Value,
} from '../../cel/index.ts';

/** A value as JSON. @throws CelError for one that JSON has no word for */
export function jsonOf(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (isList(value)) return value.map(jsonOf);
  if (value instanceof MapView) {
    return Object.fromEntries(
      value.keys().map((key) => {
        if (typeof key !== 'string') throw new CelError(`map key ${String(key)} is not a string`);
        return [key, jsonOf(value.get(key)!)];
      }),
    );
  }
  if (value instanceof ObjectView)
    return Object.fromEntries(value.names().map((name) => [name, jsonOf(value.field(name)!)]));
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  if (value instanceof Optional && value.value !== undefined) return jsonOf(value.value);
  throw new CelError('unsupported type in an object that is to be written');
}

/**
 * What is wrong with the names of the types in a value: what is in the field `spec` of an `Object` is an `Object.spec`,
 * also within lists and maps.
 */
export function misnamedTypes(value: Value, path: string): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (isList(value)) return value.flatMap((one) => misnamedTypes(one, path));
  if (value instanceof MapView) return value.keys().flatMap((key) => misnamedTypes(value.get(key)!, path));
  if (!(value instanceof Message)) return [];
  const own =
    value.type === path
      ? []
      : [
          `unexpected type name "${value.type}", expected "${path}", which matches field name path from root Object type`,
        ];
  return [...own, ...[...value.fields].flatMap(([name, field]) => misnamedTypes(field, `${path}.${name}`))];
}
