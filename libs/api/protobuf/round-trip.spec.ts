import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kinds, lookupSchema } from '@drydock/api/scheme';
import type { FieldSchema } from '@drydock/base/apimachinery';
import { formatMicroTime, formatTime } from '@drydock/base/apimachinery';
import fc from 'fast-check';
import protobufjs from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from './index.ts';

const protos = fileURLToPath(new URL('../proto/', import.meta.url));

type Json = Record<string, unknown>;

/** The schema as protobufjs reads it: an implementation of protobuf that shares no line with ours. */
function loadSecondImplementation(files: readonly string[]): protobufjs.Root {
  const root = new protobufjs.Root();
  root.resolvePath = (_origin, target) =>
    // It takes the options of the fields without knowing them.
    target.startsWith('drydock/') ? null : target.startsWith('/') ? target : protos + target;
  return root.loadSync([...files], { keepCase: true });
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const key = fc.stringMatching(/^[a-z][a-z0-9./-]{0,14}$/);
const seconds = fc.integer({ min: 0, max: 4_102_444_800 });
const object = fc.dictionary(key, fc.oneof(text, fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 3 });

function scalar(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'string':
      return text;
    case 'bool':
      return fc.constant(true);
    case 'int32':
      return fc.integer().filter((value) => value !== 0);
    case 'int64':
      return fc.maxSafeInteger().filter((value) => value !== 0);
    case 'uint32':
    case 'uint64':
      return fc.integer({ min: 1 });
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0);
    case 'bytes':
      return fc
        .uint8Array({ minLength: 1, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString('base64'));
    case 'time':
      return seconds.map((value) => formatTime(value * 1000));
    case 'microTime':
      return fc
        .tuple(seconds, fc.integer({ min: 0, max: 999 }))
        .map(([value, ms]) => formatMicroTime(value * 1000 + ms));
    case 'quantity':
      return fc
        .tuple(fc.integer({ min: 0, max: 9999 }), fc.constantFrom('', 'm', 'Gi', 'k'))
        .map(([n, unit]) => `${n}${unit}`);
    case 'intOrString':
      return fc.oneof(fc.integer(), text);
    case 'duration':
      return fc.integer({ min: 1, max: 59 }).map((value) => `${value}s`);
    case 'rawExtension':
    case 'fieldsV1':
      return object;
    case 'json':
      if (field.jsonForm === undefined) return fc.oneof(object, text, fc.integer(), fc.boolean());
      return either(field, depth);
    case 'message':
      return message(field.message ?? '', depth + 1);
  }
}

const schemaProps = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

function either(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  const schema = message(schemaProps, depth + 1);
  if (field.jsonForm === 'schemaOrBool') return fc.oneof(fc.boolean(), schema);
  const list: fc.Arbitrary<unknown> = field.jsonForm === 'schemaOrArray' ? schema : text;
  return fc.oneof(schema, fc.array(list, { minLength: 1, maxLength: 2 }));
}

function fieldValue(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  let one = scalar(field, depth);
  if (field.wrapped === true) one = fc.array(one, { minLength: 1, maxLength: 2 });
  if (field.map === true) return fc.dictionary(key, one, { minKeys: 1, maxKeys: 3 });
  return field.repeated === true ? fc.array(one, { minLength: 1, maxLength: 2 }) : one;
}

function absent(field: FieldSchema, value: unknown): unknown {
  if (value !== undefined || field.always !== true || field.repeated === true || field.map === true)
    return value;
  // What JSON always has.
  switch (field.kind) {
    case 'string':
      return field.wrapped === true ? undefined : '';
    case 'bool':
      return false;
    case 'message':
      return settled(field.message ?? '', {});
    case 'quantity':
      return '0';
    case 'intOrString':
    case 'int32':
    case 'int64':
      return 0;
    default:
      return undefined;
  }
}

function settled(name: string, values: Json): Json {
  const result: Json = {};
  for (const field of lookupSchema(name)?.byJsonName.values() ?? []) {
    const value = absent(field, values[field.name]);
    if (value !== undefined) result[field.name] = value;
  }
  return result;
}

const cached = new Map<string, fc.Arbitrary<Json>>();

/** Random objects of a message. The deeper, the fewer fields. */
function message(name: string, depth = 0): fc.Arbitrary<Json> {
  const id = `${name} ${depth}`;
  let known = cached.get(id);
  if (known === undefined) {
    const fields = [...(lookupSchema(name)?.byJsonName.values() ?? [])];
    const leaf = (field: FieldSchema): boolean => field.kind !== 'message' && field.jsonForm === undefined;
    const chosen = depth < 5 ? fields : fields.filter(leaf);
    const parts = Object.fromEntries(
      chosen.map((field) => [
        field.name,
        fc.option(fieldValue(field, depth), { nil: undefined, freq: depth === 0 ? 6 : 1 }),
      ]),
    );
    known = fc.record(parts).map((values) => settled(name, values));
    cached.set(id, known);
  }
  return known;
}

function protoScalar(field: FieldSchema, value: unknown): unknown {
  switch (field.kind) {
    case 'time':
    case 'microTime': {
      if (typeof value !== 'string') return {};
      const ms = Date.parse(value);
      return { seconds: Math.floor(ms / 1000), nanos: (ms - Math.floor(ms / 1000) * 1000) * 1e6 };
    }
    case 'quantity':
      return { string: value };
    case 'intOrString':
      return typeof value === 'string' ? { type: 1, strVal: value } : { type: 0, intVal: value };
    case 'duration':
      return { duration: Number.parseInt(String(value), 10) * 1e9 };
    case 'rawExtension':
      return { raw: Buffer.from(JSON.stringify(value)) };
    case 'fieldsV1':
      return { Raw: Buffer.from(JSON.stringify(value)) };
    case 'json': {
      if (field.jsonForm === undefined) return { raw: Buffer.from(JSON.stringify(value)) };
      if (typeof value === 'boolean') return { allows: value };
      if (!Array.isArray(value)) {
        const schema = toProto(schemaProps, value as Json);
        return field.jsonForm === 'schemaOrBool' ? { allows: true, schema } : { schema };
      }
      return field.jsonForm === 'schemaOrArray'
        ? { jSONSchemas: value.map((item) => toProto(schemaProps, item as Json)) }
        : { property: value };
    }
    case 'bytes':
      return Buffer.from(String(value), 'base64');
    case 'message':
      return toProto(field.message ?? '', value as Json);
    default:
      return value;
  }
}

/** The JSON form of an object as protobufjs wants it. */
function toProto(name: string, value: Json): Json {
  const result: Json = {};
  for (const field of lookupSchema(name)?.fields ?? []) {
    const protoName = field.protoName ?? field.name;
    if (field.inline === true) {
      result[protoName] = toProto(field.message ?? '', value);
      continue;
    }
    const content = value[field.name];
    if (content === undefined) continue;
    const one = (item: unknown): unknown =>
      field.wrapped === true ? { items: item } : protoScalar(field, item);
    if (field.map === true)
      result[protoName] = Object.fromEntries(
        Object.entries(content as Json).map(([name, item]) => [name, one(item)]),
      );
    else result[protoName] = field.repeated === true ? (content as unknown[]).map(one) : one(content);
  }
  return result;
}

/** What a decoded message says: empty parts left out, bytes as text. */
function said(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64') || undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => said(item) ?? null);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([name, item]) => {
      const content = said(item);
      return content === undefined ? [] : [[name, content] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value === '' || value === 0 || value === false ? undefined : value;
}

const files = readdirSync(protos, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.startsWith('k8s/') && file.endsWith('.proto'))
  .map((file) => protos + file);
const second = loadSecondImplementation(files);
const schemas = [...new Set(kinds.map(({ schema }) => schema))].sort();
const toObject = { longs: Number, defaults: false } as const;
const runs = { seed: 3, numRuns: 12 };

describe('protobuf of every kind', () => {
  it.each(schemas)('%s: our bytes are read by protobufjs, and its bytes by us', (name) => {
    const type = second.lookupType(name);
    fc.assert(
      fc.property(message(name), (object: Json) => {
        const wanted = toProto(name, object);
        const ours = type.toObject(type.decode(encodeMessage(name, object)), toObject);
        expect(said(ours)).toEqual(said(wanted));
        const theirs = type.encode(type.fromObject(wanted)).finish();
        expect(said(decodeMessage(name, theirs))).toEqual(said(object));
        expect(decodeMessage(name, encodeMessage(name, object))).toEqual(object);
      }),
      runs,
    );
  });

  it.each(schemas.filter((name) => lookupSchema(`${name}List`) !== undefined))(
    '%sList carries its items',
    (name) => {
      const list = `${name}List`;
      const object = {
        metadata: { resourceVersion: '7', remainingItemCount: 0 },
        items: fc.sample(message(name), { seed: 5, numRuns: 2 }),
      };
      expect(decodeMessage(list, encodeMessage(list, object))).toEqual(object);
    },
  );
});
