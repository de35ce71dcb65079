import { canonicalQuantity, type FieldSchema, type MessageSchema } from '@drydock/base/apimachinery';
import { lookupSchema } from '../scheme/index.ts';
import { canonicalTime, goTimeError } from './go-time.ts';

/** What is wrong with the shape of a body. */
export interface ShapeReport {
  /** Dotted paths of fields that the schema does not know, in order: `spec.template.spec.containers[0].foo`. They were dropped. */
  readonly unknown: readonly string[];
  /** Why the body cannot be decoded, in Go's words (`json: cannot unmarshal …`); the first such reason. */
  readonly error: string | undefined;
  /** The same in the words of the decoder that takes what a strategic merge patch made (`cannot restore map from string`). */
  readonly converterError?: string;
}

type Json = Record<string, unknown>;

const integerBounds: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, 2 ** 64],
};

/** Thrown to leave the walk at the first undecodable value. */
class Undecodable extends Error {
  /** The same in the words of the decoder that takes patched objects. */
  readonly converted: string;

  constructor(message: string, converted = message) {
    super(message);
    this.converted = converted;
  }
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function shortName(message: string): string {
  return message.slice(message.lastIndexOf('.') + 1);
}

/** A message as Go prints its type: `v1.PodSpec`. */
function goMessage(message: string): string {
  const parts = message.split('.');
  return parts.slice(-2).join('.');
}

const goScalars: Readonly<Record<string, string>> = {
  double: 'float64',
  bytes: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  duration: 'v1.Duration',
};

function goType(field: FieldSchema): string {
  const base = field.message === undefined ? (goScalars[field.kind] ?? field.kind) : goMessage(field.message);
  if (field.map === true) return `map[string]${base}`;
  return field.repeated === true || field.wrapped === true ? `[]${base}` : base;
}

function cannot(value: unknown, owner: string, path: string, type: string): never {
  throw new Undecodable(
    `json: cannot unmarshal ${described(value, type)} into Go struct field ${owner}.${path} of type ${type}`,
    cannotConvert(value, type),
  );
}

/** For types that decode themselves: they do not know where they are. */
function cannotInside(value: unknown, type: string): never {
  throw new Undecodable(`json: cannot unmarshal ${described(value, type)} into Go value of type ${type}`);
}

function described(value: unknown, type: string): string {
  return typeof value === 'number' && /^u?int/.test(type) ? `number ${String(value)}` : jsonTypeOf(value);
}

/** Go's words for a decoded value that does not fit a Go type. */
function cannotConvert(value: unknown, type: string): string {
  const isInteger = typeof value === 'number' && Number.isInteger(value);
  let kind: string = typeof value === 'boolean' ? 'bool' : typeof value;
  if (Array.isArray(value)) kind = 'slice';
  else if (typeof value === 'object') kind = 'map';
  else if (typeof value === 'number') kind = isInteger ? 'int64' : 'float64';
  if (type.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (type.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (type.includes('.')) return `cannot restore struct from: ${kind}`;
  if (type === 'string' && isInteger) return 'cannot convert int64 to string';
  if (/^u?int/.test(type) && kind === 'float64') return `cannot convert float64 to ${type}`;
  return `unrecognized type: ${type}`;
}

function undecodable(message: string): never {
  throw new Undecodable(message);
}

/** A list or a map with nothing in it is absent, as protobuf has it, but where JSON always shows it or the list is an object. */
function staysEmpty(field: FieldSchema): boolean {
  return field.always === true || field.required === true || field.wrapped === true;
}

function isInt32(value: unknown): boolean {
  const [min, max] = integerBounds['int32'] ?? [0, 0];
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/** Checks one value; answers it in the form in which it is kept (canonical quantities, times). */
function scalar(field: FieldSchema, value: unknown, owner: string, path: string): unknown {
  switch (field.kind) {
    case 'string':
      return typeof value === 'string' ? value : cannot(value, owner, path, 'string');
    case 'bool':
      return typeof value === 'boolean' ? value : cannot(value, owner, path, 'bool');
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64': {
      const [min, max] = integerBounds[field.kind] ?? [0, 0];
      if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
        return cannot(value, owner, path, field.kind);
      }
      return value;
    }
    case 'double':
      return Number.isFinite(value) ? value : cannot(value, owner, path, 'float64');
    case 'bytes':
      if (typeof value !== 'string') return cannot(value, owner, path, '[]uint8');
      try {
        if (value !== '') atob(value);
      } catch {
        const at = /[^A-Za-z0-9+/=]/.exec(value)?.index ?? value.length;
        throw new Undecodable(`illegal base64 data at input byte ${at}`);
      }
      return value;
    case 'time':
    case 'microTime':
      if (typeof value !== 'string') return cannotInside(value, 'string');
      return (
        canonicalTime(value, field.kind === 'microTime') ??
        undecodable(goTimeError(value, field.kind === 'microTime'))
      );
    case 'quantity':
      try {
        return canonicalQuantity(typeof value === 'object' ? '{}' : String(value));
      } catch (error) {
        throw new Undecodable(error instanceof Error ? error.message : String(error));
      }
    case 'intOrString':
      if (typeof value === 'string' || isInt32(value)) return value;
      return cannotInside(value, 'int32');
    case 'duration':
      return typeof value === 'string' ? value : cannotInside(value, 'string');
    case 'message':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return cannot(value, owner, path, goType(field));
      }
      return value;
    case 'rawExtension':
    case 'fieldsV1':
    case 'json':
      return value;
  }
}

/** Whether a value is good, and kept, as it is: most are, and for those no place has to be told. */
function isPlain({ kind }: FieldSchema, value: unknown): boolean {
  switch (kind) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'time':
    case 'microTime':
      return typeof value === 'string' && canonicalTime(value, kind === 'microTime') === value;
    case 'rawExtension':
    case 'fieldsV1':
    case 'json':
      return true;
    default:
      return false;
  }
}

/** Whether a message's maps of quantities are amounts of resources, which have no part smaller than a thousandth. */
function countsThousandths(message: string): boolean {
  return message.startsWith('k8s.io.api.core.v1.') || message === 'k8s.io.api.node.v1.Overhead';
}

function roundUp(amounts: Json): void {
  for (const name in amounts) {
    const [, digits = '', unit] = /^(\d+)([nu])$/.exec(String(amounts[name])) ?? [];
    if (unit === undefined) continue;
    const part = unit === 'n' ? 1_000_000n : 1_000n;
    amounts[name] = canonicalQuantity(`${(BigInt(digits) + part - 1n) / part}m`);
  }
}

function isEmpty(map: Json): boolean {
  for (const _key in map) return false;
  return true;
}

interface Walk {
  readonly unknown: string[];
}

function walkValue(
  walk: Walk,
  field: FieldSchema,
  value: unknown,
  owner: string,
  path: string,
  where: string,
): unknown {
  const kept = scalar(field, value, owner, path);
  if (field.message !== undefined) walkMessage(walk, field.message, kept as Json, path, where);
  return kept;
}

function walkMessage(walk: Walk, message: string, object: Json, path: string, where: string): void {
  const schema = lookupSchema(message);
  if (schema === undefined) return;
  const owner = shortName(message);
  const top = where === '';
  for (const key in object) {
    const value = object[key];
    const field = schema.byJsonName.get(key);
    if (field === undefined) {
      if (top && (key === 'kind' || key === 'apiVersion')) {
        if (value !== null && typeof value !== 'string') cannot(value, owner, key, 'string');
        continue;
      }
      // TypeMeta is inlined in templates of whole objects too.
      if ((key === 'kind' || key === 'apiVersion') && schema.byJsonName.has('metadata')) continue;
      walk.unknown.push(top ? key : `${where}.${key}`);
      Reflect.deleteProperty(object, key);
      continue;
    }
    if (value === null || value === undefined) {
      // Null is absent, but for creationTimestamp, which clients send so in templates.
      Reflect.deleteProperty(object, key);
      continue;
    }
    const single = field.map !== true && field.repeated !== true && field.wrapped !== true;
    if (single && isPlain(field, value)) continue;
    const fieldPath = path === '' ? key : `${path}.${key}`;
    const fieldWhere = top ? key : `${where}.${key}`;
    if (field.map === true) {
      if (typeof value !== 'object' || Array.isArray(value)) cannot(value, owner, fieldPath, goType(field));
      const map = value as Json;
      for (const name in map) {
        const item = map[name];
        if (isPlain(field, item)) continue;
        if (item === null) {
          // A null in a map is its type's zero value.
          if (field.kind === 'string') map[name] = '';
          else if (field.kind === 'quantity') map[name] = '0';
          else Reflect.deleteProperty(map, name);
        } else map[name] = walkValue(walk, field, item, owner, fieldPath, `${fieldWhere}.${name}`);
      }
      if (field.kind === 'quantity' && countsThousandths(message)) roundUp(map);
      if (!staysEmpty(field) && isEmpty(map)) Reflect.deleteProperty(object, key);
    } else if (field.repeated === true || field.wrapped === true) {
      if (!Array.isArray(value)) cannot(value, owner, fieldPath, goType(field));
      const list = value as unknown[];
      for (let index = 0; index < list.length; index++) {
        const item = list[index];
        if (isPlain(field, item)) continue;
        list[index] =
          item === null
            ? zero(field)
            : walkValue(walk, field, item, owner, fieldPath, `${fieldWhere}[${index}]`);
      }
      if (!staysEmpty(field) && list.length === 0) Reflect.deleteProperty(object, key);
    } else {
      const kept = walkValue(walk, field, value, owner, fieldPath, fieldWhere);
      if (kept !== value) object[key] = kept;
    }
  }
}

function zero(field: FieldSchema): unknown {
  if (field.kind === 'string' || field.kind === 'bytes') return '';
  if (field.kind === 'bool') return false;
  return field.message === undefined ? 0 : {};
}

/**
 * Decodes an object against its schema, in place, as a typed decoder would: unknown fields, nulls and empty lists and maps
 * go, quantities and times take their canonical form. One pass. The object is not to be used when `error` is set.
 */
export function validateShape(schemaName: string, object: object): ShapeReport {
  const walk: Walk = { unknown: [] };
  const schema: MessageSchema | undefined = lookupSchema(schemaName);
  if (schema === undefined) return { unknown: [], error: undefined };
  try {
    walkMessage(walk, schemaName, object as Json, '', '');
    return { unknown: walk.unknown, error: undefined };
  } catch (error) {
    if (error instanceof Undecodable)
      return { unknown: walk.unknown, error: error.message, converterError: error.converted };
    throw error;
  }
}
