import { getOwn, isJsonObject } from '@drydock/base/apimachinery';
import {
  bool,
  CelError,
  durationOf,
  dyn,
  equals,
  int,
  listOf,
  mapOf,
  MapView,
  ObjectView,
  scalar,
  string,
  Timestamp,
  timestampOf,
  withListTraits,
  type Type,
  type Value,
} from '../cel/index.ts';
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  listKeys,
  propertiesOf,
  type JsonSchema,
} from '../structural-schema/index.ts';
import { escapeProperty } from './escape.ts';

/** A schema as expressions see it. */
export interface SchemaType {
  readonly type: Type;
  /** The shortest JSON text of such a value: how many may there be in one request? */
  readonly minSize: number;
  /** A JSON value as a value of this type. Nothing is copied; lists are, shallowly. */
  adapt(value: unknown): Value;
}

export const maxRequestBytes = 3 * 1024 * 1024;

interface Field {
  readonly json: string;
  readonly type: SchemaType;
  readonly nullable: boolean;
}

function asNull(): Value {
  throw new CelError('invalid data, got null for schema with nullable=false');
}

class JsonObjectView extends ObjectView {
  readonly #json: Record<string, unknown>;
  readonly #fields: ReadonlyMap<string, Field>;

  constructor(json: Record<string, unknown>, fields: ReadonlyMap<string, Field>) {
    super();
    this.#json = json;
    this.#fields = fields;
  }

  field(name: string): Value | undefined {
    const field = this.#fields.get(name);
    if (field === undefined) return undefined;
    const value = getOwn(this.#json, field.json);
    if (value === undefined) return undefined;
    if (value === null) return field.nullable ? null : asNull();
    return field.type.adapt(value);
  }

  names(): readonly string[] {
    return [...this.#fields]
      .filter(([, { json }]) => getOwn(this.#json, json) !== undefined)
      .map(([name]) => name);
  }
}

class JsonMapView extends MapView {
  readonly #json: Record<string, unknown>;
  readonly #values: SchemaType;

  constructor(json: Record<string, unknown>, values: SchemaType) {
    super();
    this.#json = json;
    this.#values = values;
  }

  get(key: Value): Value | undefined {
    const value = typeof key === 'string' ? getOwn(this.#json, key) : undefined;
    if (value === undefined) return undefined;
    return value === null ? null : this.#values.adapt(value);
  }

  keys(): readonly Value[] {
    return Object.keys(this.#json);
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }
}

function mismatch(value: unknown, wanted: string): never {
  const found = Array.isArray(value) ? 'list' : typeof value;
  throw new CelError(`invalid data, expected ${wanted} but got ${found}`);
}

function asInt(value: unknown): Value {
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : mismatch(value, 'int');
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : mismatch(value, 'string');
}

function simple(type: Type, minSize: number, adapt: (value: unknown) => Value): SchemaType {
  return { type, minSize, adapt };
}

function textType(schema: JsonSchema): SchemaType {
  const limit = schema.maxLength;
  switch (schema.format) {
    case 'byte':
      return simple(scalar('bytes', limit ?? maxRequestBytes - 2), 2, (value) => decodeBase64(asText(value)));
    case 'duration':
      return simple(scalar('duration', 32), 4, (value) => durationOf(asText(value)));
    case 'date':
      return simple(scalar('timestamp', 12), 12, (value) => {
        const ms = Date.parse(`${asText(value)}T00:00:00Z`);
        if (Number.isNaN(ms)) throw new CelError(`failed to parse ${JSON.stringify(value)} as date`);
        return new Timestamp(BigInt(ms) * 1_000_000n);
      });
    case 'date-time':
      return simple(scalar('timestamp', 32), 21, (value) => timestampOf(asText(value)));
  }
  const longest = (schema.enum ?? []).reduce<number>(
    (most, value) => (typeof value === 'string' ? Math.max(most, value.length) : most),
    0,
  );
  const max =
    limit !== undefined ? limit * 4 : (schema.enum ?? []).length > 0 ? longest : maxRequestBytes - 2;
  return simple(scalar('string', max), 2, asText);
}

function decodeBase64(text: string): Value {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new CelError('illegal base64 data');
  }
}

function listType(schema: JsonSchema): SchemaType | undefined {
  const items = itemsOf(schema);
  const element = items === undefined ? undefined : schemaType(items, isEmbedded(items));
  if (element === undefined) return undefined;
  const max = schema.maxItems ?? Math.floor((maxRequestBytes - 2) / (element.minSize + 1));
  const keys = listKeys(schema);
  const isSet = schema['x-kubernetes-list-type'] === 'set';
  const sameItem =
    keys === undefined
      ? equals
      : (a: Value, b: Value) =>
          keys.every((key) => {
            const name = escapeProperty(key) ?? key;
            const [x, y] = [a, b].map((one) =>
              one instanceof ObjectView ? (one.field(name) ?? null) : null,
            );
            return equals(x ?? null, y ?? null);
          });
  return {
    type: listOf(element.type, max),
    minSize: 2,
    adapt(value) {
      if (!Array.isArray(value)) return mismatch(value, 'list');
      const list = value.map((item: unknown) => (item === null ? null : element.adapt(item)));
      return keys !== undefined || isSet ? withListTraits(list, sameItem) : list;
    },
  };
}

function objectType(schema: JsonSchema): SchemaType | undefined {
  const additional = additionalOf(schema);
  if (typeof additional === 'object') {
    const values = schemaType(additional, isEmbedded(additional));
    if (values === undefined) return undefined;
    const max = schema.maxProperties ?? Math.floor((maxRequestBytes - 2) / (values.minSize + 6));
    return simple(mapOf(string, values.type, max), 2, (value) =>
      isJsonObject(value) ? new JsonMapView(value, values) : mismatch(value, 'map'),
    );
  }
  const fields = new Map<string, Field>();
  let minSize = 2;
  for (const [json, below] of propertiesOf(schema)) {
    const type = schemaType(below, isEmbedded(below));
    if (type === undefined) continue;
    const name = escapeProperty(json);
    if (name !== undefined) fields.set(name, { json, type, nullable: below.nullable === true });
    if (schema.required?.includes(json) === true && below.default === undefined)
      minSize += json.length + type.minSize + 4;
  }
  const type: Type = { kind: 'object', name: 'object', field: (name) => fields.get(name)?.type.type };
  return simple(type, minSize, (value) =>
    isJsonObject(value) ? new JsonObjectView(value, fields) : mismatch(value, 'object'),
  );
}

const text: JsonSchema = { type: 'string' };

/** Of an object's metadata, expressions see its names only. */
function withObjectFields(schema: JsonSchema): JsonSchema {
  const metadata: JsonSchema = { type: 'object', properties: { name: text, generateName: text } };
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata } };
}

/** A schema's type; undefined where expressions cannot see such values. `whole`: it is an object with metadata. */
export function schemaType(schema: JsonSchema, whole: boolean): SchemaType | undefined {
  if (isIntOrString(schema)) {
    const max = schema.maxLength === undefined ? maxRequestBytes - 2 : schema.maxLength * 4;
    const type: Type = { kind: dyn.kind as 'dyn', max };
    return simple(type, 1, (value) => (typeof value === 'number' ? asInt(value) : asText(value)));
  }
  const seen = whole ? withObjectFields(schema) : schema;
  switch (seen.type) {
    case 'object':
      return objectType(seen);
    case 'array':
      return listType(seen);
    case 'string':
      return textType(seen);
    case 'boolean':
      return simple(bool, 4, (value) => (typeof value === 'boolean' ? value : mismatch(value, 'bool')));
    case 'integer':
      return simple(int, 1, asInt);
    case 'number':
      return simple(scalar('double'), 1, (value) =>
        typeof value === 'number' ? value : mismatch(value, 'double'),
      );
    default:
      return undefined;
  }
}
