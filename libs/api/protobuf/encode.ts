import type { FieldSchema } from '@drydock/base/apimachinery';
import { parseDuration, tryParseTime } from '@drydock/base/apimachinery';
import { lookupSchema } from '../scheme/index.ts';
import { BackwardWriter } from './backward-writer.ts';

type Json = Readonly<Record<string, unknown>>;
/** Writes a value behind its tag: for everything but numbers and booleans that is a length and the content. */
type WriteValue = (out: BackwardWriter, value: unknown) => void;

interface Step {
  readonly name: string;
  /** Takes part of the parent's own JSON object. */
  readonly inline: boolean;
  readonly write: (out: BackwardWriter, value: unknown) => void;
}

/** Fields from the last to the first. */
const plans = new Map<string, readonly Step[]>();
const textEncoder = new TextEncoder();
const nothing: Json = {};

const varintWire = 0;
const doubleWire = 1;
const lengthWire = 2;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nested(out: BackwardWriter, write: () => void): void {
  const before = out.length;
  write();
  out.varint(out.length - before);
}

function messageWriter(message: string): WriteValue {
  let plan: readonly Step[] | undefined;
  return (out, value) => {
    plan ??= planOf(message);
    const before = out.length;
    writeFields(out, plan, isObject(value) ? value : nothing);
    out.varint(out.length - before);
  };
}

function base64(text: string): Uint8Array {
  let binary = '';
  try {
    binary = atob(text);
  } catch {
    // Stored objects were checked; what is not base64 is nothing.
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** A message with one chunk: how Kubernetes wraps what is opaque to protobuf. */
function wrapped(out: BackwardWriter, bytes: Uint8Array): void {
  nested(out, () => {
    out.lengthDelimited(bytes);
    out.varint((1 << 3) | lengthWire);
  });
}

function time(out: BackwardWriter, value: unknown, micro: boolean): void {
  const ms = typeof value === 'string' ? tryParseTime(value) : undefined;
  if (ms === undefined) {
    out.varint(0);
    return;
  }
  const seconds = Math.floor(ms / 1000);
  nested(out, () => {
    out.integer(micro ? Math.round((ms - seconds * 1000) * 1000) * 1000 : 0);
    out.varint((2 << 3) | varintWire);
    out.integer(seconds);
    out.varint((1 << 3) | varintWire);
  });
}

function intOrString(out: BackwardWriter, value: unknown): void {
  const isText = typeof value === 'string';
  nested(out, () => {
    out.text(isText ? value : '');
    out.varint((3 << 3) | lengthWire);
    out.integer(isText ? 0 : Number(value ?? 0));
    out.varint((2 << 3) | varintWire);
    out.varint(isText ? 1 : 0);
    out.varint((1 << 3) | varintWire);
  });
}

const schemaProps = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
let schemaWriter: WriteValue | undefined;

function oneSchema(out: BackwardWriter, value: unknown, number: number): void {
  (schemaWriter ??= messageWriter(schemaProps))(out, value);
  out.varint((number << 3) | lengthWire);
}

/** What in JSON is one of two things (a schema or a list, a schema or a boolean …) are the fields of a message in protobuf. */
function either(form: FieldSchema['jsonForm'], out: BackwardWriter, value: unknown): void {
  nested(out, () => {
    if (form === 'schemaOrBool') {
      if (isObject(value)) oneSchema(out, value, 2);
      out.varint(value === false ? 0 : 1);
      out.varint((1 << 3) | varintWire);
      return;
    }
    if (Array.isArray(value)) {
      for (const item of value.toReversed()) {
        if (form === 'schemaOrArray') oneSchema(out, item, 2);
        else {
          out.text(String(item));
          out.varint((2 << 3) | lengthWire);
        }
      }
    } else if (isObject(value)) oneSchema(out, value, 1);
  });
}

function jsonBytes(value: unknown): Uint8Array {
  return textEncoder.encode(JSON.stringify(value ?? null));
}

/** The writer of one value of a field, and its wire type. */
function valueWriter(field: FieldSchema): { wire: number; write: WriteValue } {
  switch (field.kind) {
    case 'string':
      return { wire: lengthWire, write: (out, value) => out.text(value === undefined ? '' : String(value)) };
    case 'bool':
      return { wire: varintWire, write: (out, value) => out.varint(value === true ? 1 : 0) };
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return { wire: varintWire, write: (out, value) => out.integer(Number(value ?? 0)) };
    case 'double':
      return { wire: doubleWire, write: (out, value) => out.double(Number(value ?? 0)) };
    case 'bytes':
      return { wire: lengthWire, write: (out, value) => out.lengthDelimited(base64(String(value))) };
    case 'message':
      return { wire: lengthWire, write: messageWriter(field.message ?? '') };
    case 'time':
      return { wire: lengthWire, write: (out, value) => time(out, value, false) };
    case 'microTime':
      return { wire: lengthWire, write: (out, value) => time(out, value, true) };
    case 'quantity':
      return {
        wire: lengthWire,
        write: (out, value) => wrapped(out, textEncoder.encode(String(value ?? '0'))),
      };
    case 'intOrString':
      return { wire: lengthWire, write: intOrString };
    case 'duration':
      return {
        wire: lengthWire,
        write: (out, value) =>
          nested(out, () => {
            out.integer(typeof value === 'string' ? Math.round(parseDuration(value) * 1e6) : 0);
            out.varint((1 << 3) | varintWire);
          }),
      };
    case 'rawExtension':
    case 'fieldsV1':
      return {
        wire: lengthWire,
        write: (out, value) =>
          value === undefined || value === null ? out.varint(0) : wrapped(out, jsonBytes(value)),
      };
    case 'json': {
      const { jsonForm } = field;
      return {
        wire: lengthWire,
        write:
          jsonForm === undefined
            ? (out, value) => wrapped(out, jsonBytes(value))
            : (out, value) => either(jsonForm, out, value),
      };
    }
  }
}

/** A list that protobuf wraps in a message of its own. */
function listWriter(item: WriteValue, wire: number): WriteValue {
  return (out, value) =>
    nested(out, () => {
      if (!Array.isArray(value)) return;
      for (let at = value.length - 1; at >= 0; at--) {
        item(out, value[at]);
        out.varint((1 << 3) | wire);
      }
    });
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function mapStep(field: FieldSchema, wire: number, write: WriteValue): Step['write'] {
  const tag = (field.number << 3) | lengthWire;
  return (out, value) => {
    if (!isObject(value)) return;
    const keys = Object.keys(value).sort(byUtf8);
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at]!;
      const item = value[key];
      const before = out.length;
      // Go leaves only bytes that are nil out.
      if (field.kind !== 'bytes' || present(item)) {
        write(out, item ?? undefined);
        out.varint((2 << 3) | wire);
      }
      out.text(key);
      out.varint((1 << 3) | lengthWire);
      out.varint(out.length - before);
      out.varint(tag);
    }
  };
}

/** Go sorts keys by their bytes; UTF-16 order differs from it only where surrogates meet the characters above them. */
function byUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    const high = (code: number): number => (code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code);
    return high(x) < high(y) ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

function fieldStep(field: FieldSchema): Step {
  const inline = field.inline === true;
  let { wire, write } = valueWriter(field);
  if (field.wrapped === true) {
    write = listWriter(write, wire);
    wire = lengthWire;
  }
  const { name } = field;
  if (field.map === true) return { name, inline, write: mapStep(field, wire, write) };
  const tag = (field.number << 3) | wire;
  if (field.repeated === true) {
    return {
      name,
      inline,
      write(out, value) {
        if (!Array.isArray(value)) return;
        for (let at = value.length - 1; at >= 0; at--) {
          write(out, value[at] ?? undefined);
          out.varint(tag);
        }
      },
    };
  }
  if (isAlwaysWritten(field)) {
    return {
      name,
      inline,
      write(out, value) {
        write(out, value ?? undefined);
        out.varint(tag);
      },
    };
  }
  return {
    name,
    inline,
    write(out, value) {
      if (!present(value)) return;
      write(out, value);
      out.varint(tag);
    },
  };
}

/** Kubernetes' writers send all that is no pointer, list or map in Go, also when it is empty. */
function isAlwaysWritten(field: FieldSchema): boolean {
  switch (field.kind) {
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return field.explicit !== true && field.wrapped !== true;
    case 'bytes':
      return false;
    default:
      return (
        (field.always === true || field.inline === true || field.struct === true) && field.wrapped !== true
      );
  }
}

function planOf(message: string): readonly Step[] {
  let plan = plans.get(message);
  if (plan === undefined) {
    const fields = lookupSchema(message)?.fields ?? [];
    plan = fields.toSorted((a, b) => b.number - a.number).map(fieldStep);
    plans.set(message, plan);
  }
  return plan;
}

function writeFields(out: BackwardWriter, plan: readonly Step[], object: Json): void {
  for (const step of plan) step.write(out, step.inline ? object : object[step.name]);
}

const shared = new BackwardWriter(64 * 1024);

/**
 * Encodes the JSON form of one message byte for byte as Kubernetes' own writers do: fields in the order of their numbers,
 * maps by key. Fields that the schema does not know are left out.
 */
export function encodeMessage(message: string, object: object): Uint8Array {
  shared.clear();
  writeFields(shared, planOf(message), object as Json);
  return shared.take();
}
