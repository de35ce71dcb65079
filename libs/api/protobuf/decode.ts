import { formatDuration, formatMicroTime, formatTime, type FieldSchema } from '@drydock/base/apimachinery';
import { lookupSchema } from '../scheme/index.ts';
import { magic } from './envelope.ts';
import { ProtobufSyntaxError, Reader } from './reader.ts';

export { ProtobufSyntaxError } from './reader.ts';

type Json = Record<string, unknown>;

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Schemas may nest in schemas; nobody nests them deeper than this in earnest, and the stack has an end. */
const maxDepth = 400;

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Field 1 of a message that wraps bytes; undefined where it is absent. */
function wrappedBytes(reader: Reader): Uint8Array | undefined {
  let bytes: Uint8Array | undefined;
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (number === 1 && wire === 2) bytes = reader.chunk();
    else reader.skip(wire);
  }
  return bytes;
}

/** The integer fields of a small message. */
function integers(reader: Reader, into: Map<number, number>, onText?: (text: string) => void): void {
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (wire === 0) into.set(number, reader.integer());
    else if (wire === 2 && number === 3 && onText !== undefined) onText(reader.text());
    else reader.skip(wire);
  }
}

function embeddedJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined || bytes.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw new ProtobufSyntaxError('embedded JSON is malformed');
  }
}

const earliest = -62_135_596_800;
const latest = 253_402_300_799;

function time(reader: Reader, micro: boolean): string | undefined {
  if (!reader.more) return undefined;
  const fields = new Map<number, number>();
  integers(reader, fields);
  const seconds = fields.get(1) ?? 0;
  if (seconds < earliest || seconds > latest)
    throw new ProtobufSyntaxError('Time.MarshalJSON: year outside of range [0,9999]');
  if (!micro) return formatTime(seconds * 1000);
  const nanos = Math.min(Math.max(fields.get(2) ?? 0, 0), 999_999_999);
  return formatMicroTime(seconds * 1000).replace(
    /\d{6}Z$/,
    `${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`,
  );
}

function intOrString(reader: Reader): string | number {
  const fields = new Map<number, number>();
  let text = '';
  integers(reader, fields, (found) => (text = found));
  return fields.get(1) === 1 ? text : (fields.get(2) ?? 0) | 0;
}

const schemaProps = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

function either(form: FieldSchema['jsonForm'], reader: Reader, depth: number): unknown {
  let allows = false;
  let schema: Json | undefined;
  const many: unknown[] = [];
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (wire === 0 && form === 'schemaOrBool' && number === 1) allows = reader.varint() !== 0;
    else if (wire !== 2) reader.skip(wire);
    else if (number === (form === 'schemaOrBool' ? 2 : 1))
      schema = message(schemaProps, reader.nested(), depth);
    else if (number === 2 && form === 'schemaOrArray')
      many.push(message(schemaProps, reader.nested(), depth));
    else if (number === 2 && form === 'schemaOrStrings') many.push(reader.text());
    else reader.skip(wire);
  }
  if (form === 'schemaOrBool') return schema ?? allows;
  if (form === 'schemaOrStrings') return many.length > 0 ? many : schema;
  return many.length > 0 ? many : schema;
}

/** Reads the value of one length-delimited field. Undefined: as if it were not there. */
function chunkValue(field: FieldSchema, reader: Reader, depth: number): unknown {
  switch (field.kind) {
    case 'string':
      return reader.text();
    case 'bytes':
      return base64(reader.chunk());
    case 'message':
      return message(field.message ?? '', reader.nested(), depth);
    case 'time':
      return time(reader.nested(), false);
    case 'microTime':
      return time(reader.nested(), true);
    case 'quantity': {
      const bytes = wrappedBytes(reader.nested());
      const text = bytes === undefined ? '' : new TextDecoder().decode(bytes);
      return text === '' ? '0' : text;
    }
    case 'intOrString':
      return intOrString(reader.nested());
    case 'duration': {
      const fields = new Map<number, number>();
      integers(reader.nested(), fields);
      return formatDuration((fields.get(1) ?? 0) / 1e6);
    }
    case 'json':
      return field.jsonForm === undefined
        ? embeddedJson(wrappedBytes(reader.nested()))
        : either(field.jsonForm, reader.nested(), depth);
    default:
      return embeddedJson(wrappedBytes(reader.nested()));
  }
}

function wrongWire(field: FieldSchema, wire: number): ProtobufSyntaxError {
  const name = field.protoName ?? field.name;
  return new ProtobufSyntaxError(
    `proto: wrong wireType = ${wire} for field ${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
  );
}

function value(field: FieldSchema, reader: Reader, wire: number, depth: number): unknown {
  switch (field.kind) {
    case 'bool':
      if (wire !== 0) throw wrongWire(field, wire);
      return reader.varint() !== 0;
    case 'int32':
      if (wire !== 0) throw wrongWire(field, wire);
      return Number(BigInt.asIntN(32, BigInt(reader.integer())));
    case 'int64':
    case 'uint32':
    case 'uint64':
      if (wire !== 0) throw wrongWire(field, wire);
      return field.kind === 'int64' ? reader.integer() : reader.varint();
    case 'double': {
      if (wire !== 1) throw wrongWire(field, wire);
      const number = reader.double();
      // JSON has no word for the others.
      if (!Number.isFinite(number)) throw new ProtobufSyntaxError('json: unsupported value');
      return number;
    }
    default:
      if (wire !== 2) throw wrongWire(field, wire);
      return chunkValue(field, reader, depth);
  }
}

function zeroOf(field: FieldSchema): unknown {
  if (field.wrapped === true) return [];
  if (field.kind === 'string' || field.kind === 'bytes') return '';
  if (field.kind === 'message') return message(field.message ?? '', new Reader(new Uint8Array()), 0);
  if (field.kind === 'quantity') return '0';
  if (field.kind === 'bool') return false;
  return /^u?int|^double$|^intOr/.test(field.kind) ? 0 : null;
}

function put(into: Json, key: string, content: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(into, key, {
      value: content,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else into[key] = content;
}

function mapEntry(field: FieldSchema, reader: Reader, into: Json, depth: number): void {
  let key = '';
  let content: unknown;
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (number === 1 && wire === 2) key = reader.text();
    else if (number === 2)
      content = field.wrapped === true ? items(field, reader) : value(field, reader, wire, depth);
    else reader.skip(wire);
  }
  put(into, key, content ?? zeroOf(field));
}

/** A list that protobuf wraps in a message of its own. */
function items(field: FieldSchema, outer: Reader): unknown[] {
  const reader = outer.nested();
  const list: unknown[] = [];
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (number === 1) list.push(value({ ...field, wrapped: false }, reader, wire, 0));
    else reader.skip(wire);
  }
  return list;
}

function isZero(content: unknown): boolean {
  return content === '' || content === 0 || content === false;
}

const byNumber = new Map<string, ReadonlyMap<number, FieldSchema>>();

function fieldsOf(name: string): ReadonlyMap<number, FieldSchema> {
  let fields = byNumber.get(name);
  if (fields === undefined) {
    fields = new Map((lookupSchema(name)?.fields ?? []).map((field) => [field.number, field]));
    byNumber.set(name, fields);
  }
  return fields;
}

/**
 * Writers send fields that are no pointers even when they are empty, where JSON leaves them out: an empty scalar stays only
 * where it says something, or where JSON has it always; so do empty messages.
 */
function isSaid(field: FieldSchema, content: unknown): boolean {
  if (content === undefined) return false;
  if (field.explicit === true || field.always === true) return true;
  return !isZero(content);
}

function message(name: string, reader: Reader, depth: number): Json {
  if (depth > maxDepth) throw new ProtobufSyntaxError('proto: exceeded the depth to which messages may nest');
  const result: Json = {};
  const fields = fieldsOf(name);
  while (reader.more) {
    const { number, wire } = reader.tag();
    const field = fields.get(number);
    if (field === undefined) {
      reader.skip(wire);
      continue;
    }
    if (field.map === true) {
      if (wire !== 2) throw wrongWire(field, wire);
      mapEntry(field, reader.nested(), (result[field.name] ??= {}) as Json, depth + 1);
    } else if (field.wrapped === true) {
      if (wire !== 2) throw wrongWire(field, wire);
      result[field.name] = items(field, reader);
    } else {
      const content = value(field, reader, wire, depth + 1);
      if (field.inline === true) Object.assign(result, content);
      else if (field.repeated === true) ((result[field.name] ??= []) as unknown[]).push(content ?? null);
      else if (isSaid(field, content)) result[field.name] = content;
      else Reflect.deleteProperty(result, field.name);
    }
  }
  return result;
}

/** Decodes one message into its JSON form. @throws ProtobufSyntaxError */
export function decodeMessage(name: string, bytes: Uint8Array): Json {
  return message(name, new Reader(bytes), 0);
}

/**
 * What a Kubernetes protobuf body holds: the kind it says it is, and the bytes of that message.
 * @throws ProtobufSyntaxError
 */
export function openEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  if (bytes.length === 0) throw new ProtobufSyntaxError('empty data');
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw new ProtobufSyntaxError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  if (bytes.length === magic.length) throw new ProtobufSyntaxError('empty body');
  const reader = new Reader(bytes, magic.length);
  let apiVersion = '';
  let kind = '';
  let raw = new Uint8Array();
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (number === 1 && wire === 2) {
      const type = reader.nested();
      while (type.more) {
        const inner = type.tag();
        if (inner.number === 1 && inner.wire === 2) apiVersion = type.text();
        else if (inner.number === 2 && inner.wire === 2) kind = type.text();
        else type.skip(inner.wire);
      }
    } else if (number === 2 && wire === 2) raw = reader.chunk() as Uint8Array<ArrayBuffer>;
    else reader.skip(wire);
  }
  return { apiVersion, kind, raw };
}

/**
 * Decodes a Kubernetes protobuf body (`k8s\0`, then runtime.Unknown) into the object's JSON form. A body that does not say
 * its kind is of the `expected` one. `schemaOf` names the message of a kind.
 * @throws ProtobufSyntaxError
 */
export function decodeObject(
  bytes: Uint8Array,
  schemaOf: (apiVersion: string, kind: string) => string | undefined,
  expected: { readonly apiVersion: string; readonly kind: string } = { apiVersion: '', kind: '' },
): Json {
  const opened = openEnvelope(bytes);
  const apiVersion = opened.apiVersion === '' ? expected.apiVersion : opened.apiVersion;
  const kind = opened.kind === '' ? expected.kind : opened.kind;
  const schema = schemaOf(apiVersion, kind);
  if (schema === undefined)
    throw new ProtobufSyntaxError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    );
  return { apiVersion, kind, ...decodeMessage(schema, opened.raw) };
}
