import { formatMicroTime, formatTime, type FieldSchema } from '@drydock/base/apimachinery';
import { lookupSchema } from '../scheme/index.ts';

/** A body that is no valid protobuf of its kind. */
export class ProtobufSyntaxError extends Error {
  override readonly name = 'ProtobufSyntaxError';
}

type Json = Record<string, unknown>;

const magic = [0x6b, 0x38, 0x73, 0x00];
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Fields that are pointers in Kubernetes' types: their zero says something. Writers of protobuf send every other field
 * even when it is empty, where JSON leaves it out.
 */
const pointers = new Set(
  (
    'replicas revisionHistoryLimit progressDeadlineSeconds terminationGracePeriodSeconds activeDeadlineSeconds parallelism ' +
    'completions backoffLimit backoffLimitPerIndex maxFailedIndexes ttlSecondsAfterFinished successfulJobsHistoryLimit ' +
    'failedJobsHistoryLimit startingDeadlineSeconds minReplicas tolerationSeconds runAsUser runAsGroup fsGroup ' +
    'deletionGracePeriodSeconds gracePeriodSeconds partition defaultMode mode expirationSeconds priority ' +
    'automountServiceAccountToken enableServiceLinks suspend controller blockOwnerDeletion allowPrivilegeEscalation ' +
    'privileged readOnlyRootFilesystem runAsNonRoot optional immutable allowVolumeExpansion shareProcessNamespace hostUsers ' +
    'setHostnameAsFQDN manualSelector orphanDependents allocateLoadBalancerNodePorts ready serving terminating started ' +
    'attachRequired podInfoOnMount storageCapacity storageClassName stabilizationWindowSeconds'
  ).split(' '),
);

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ProtobufSyntaxError('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufSyntaxError('proto: integer overflow');
  }

  double(): number {
    if (this.#at + 8 > this.#bytes.length) throw new ProtobufSyntaxError('unexpected EOF');
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  chunk(): Uint8Array {
    const length = Number(this.varint());
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ProtobufSyntaxError('unexpected EOF');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#at += 8;
    else if (wire === 2) this.chunk();
    else if (wire === 5) this.#at += 4;
    else throw new ProtobufSyntaxError(`proto: illegal wireType ${wire}`);
    if (this.#at > this.#bytes.length) throw new ProtobufSyntaxError('unexpected EOF');
  }
}

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProtobufSyntaxError('proto: invalid UTF-8');
  }
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The fields of a small message by number: integers or chunks. */
function plainFields(bytes: Uint8Array): Map<number, bigint | Uint8Array> {
  const fields = new Map<number, bigint | Uint8Array>();
  const reader = new Reader(bytes);
  while (reader.more) {
    const tag = Number(reader.varint());
    if ((tag & 7) === 0) fields.set(tag >>> 3, reader.varint());
    else if ((tag & 7) === 2) fields.set(tag >>> 3, reader.chunk());
    else reader.skip(tag & 7);
  }
  return fields;
}

const chunkOf = (value: bigint | Uint8Array | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();
const integerOf = (value: bigint | Uint8Array | undefined): number =>
  typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;

function json(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(text(bytes)) as unknown;
  } catch {
    throw new ProtobufSyntaxError('embedded JSON is malformed');
  }
}

/** Messages whose JSON form is not an object of their fields. */
function special(field: FieldSchema, bytes: Uint8Array): unknown {
  switch (field.kind) {
    case 'time':
    case 'microTime': {
      const fields = plainFields(bytes);
      if (fields.size === 0) return undefined;
      const ms = integerOf(fields.get(1)) * 1000 + integerOf(fields.get(2)) / 1e6;
      return field.kind === 'time' ? formatTime(ms) : formatMicroTime(ms);
    }
    case 'quantity':
      return text(chunkOf(plainFields(bytes).get(1)));
    case 'intOrString': {
      const fields = plainFields(bytes);
      return integerOf(fields.get(1)) === 1 ? text(chunkOf(fields.get(3))) : integerOf(fields.get(2));
    }
    case 'duration':
      return `${integerOf(plainFields(bytes).get(1))}ns`;
    default:
      return json(chunkOf(plainFields(bytes).get(1)));
  }
}

function chunkValue(field: FieldSchema, bytes: Uint8Array): unknown {
  switch (field.kind) {
    case 'string':
      return text(bytes);
    case 'bytes':
      return base64(bytes);
    case 'message':
      return decodeMessage(field.message ?? '', bytes);
    default:
      return special(field, bytes);
  }
}

function scalarValue(field: FieldSchema, reader: Reader, wire: number): unknown {
  if (wire === 2) return chunkValue(field, reader.chunk());
  if (wire === 1 && field.kind === 'double') return reader.double();
  if (wire !== 0) {
    reader.skip(wire);
    return undefined;
  }
  const value = reader.varint();
  return field.kind === 'bool'
    ? value !== 0n
    : Number(field.kind.startsWith('u') ? value : BigInt.asIntN(64, value));
}

function mapEntry(field: FieldSchema, bytes: Uint8Array, into: Json): void {
  let key = '';
  let value: unknown;
  const reader = new Reader(bytes);
  while (reader.more) {
    const tag = Number(reader.varint());
    if (tag >>> 3 === 1) key = text(reader.chunk());
    else if (tag >>> 3 === 2)
      value = field.wrapped === true ? items(field, reader.chunk()) : scalarValue(field, reader, tag & 7);
    else reader.skip(tag & 7);
  }
  value ??= field.kind === 'string' || field.kind === 'bytes' ? '' : field.kind === 'message' ? {} : 0;
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A list that protobuf wraps in a message of its own. */
function items(field: FieldSchema, bytes: Uint8Array): unknown[] {
  const list: unknown[] = [];
  const reader = new Reader(bytes);
  while (reader.more) {
    const tag = Number(reader.varint());
    if (tag >>> 3 === 1) list.push(scalarValue({ ...field, wrapped: false }, reader, tag & 7));
    else reader.skip(tag & 7);
  }
  return list;
}

function isEmpty(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

const byNumber = new Map<string, ReadonlyMap<number, FieldSchema>>();

function fieldsOf(message: string): ReadonlyMap<number, FieldSchema> {
  let fields = byNumber.get(message);
  if (fields === undefined) {
    fields = new Map((lookupSchema(message)?.fields ?? []).map((field) => [field.number, field]));
    byNumber.set(message, fields);
  }
  return fields;
}

/** Decodes one message into its JSON form. */
export function decodeMessage(message: string, bytes: Uint8Array): Json {
  const result: Json = {};
  const fields = fieldsOf(message);
  const reader = new Reader(bytes);
  while (reader.more) {
    const tag = Number(reader.varint());
    const field = fields.get(tag >>> 3);
    if (field === undefined) {
      reader.skip(tag & 7);
      continue;
    }
    if (field.inline === true) {
      Object.assign(result, scalarValue(field, reader, tag & 7));
    } else if (field.map === true) {
      mapEntry(field, reader.chunk(), (result[field.name] ??= {}) as Json);
    } else if (field.wrapped === true) {
      result[field.name] = items(field, reader.chunk());
    } else {
      const value = scalarValue(field, reader, tag & 7);
      if (field.repeated === true) ((result[field.name] ??= []) as unknown[]).push(value);
      else if (
        value !== undefined &&
        (!isEmpty(value) || field.required === true || pointers.has(field.name))
      ) {
        result[field.name] = value;
      }
    }
  }
  return result;
}

/** Empty messages that JSON would not have: their writers had nothing to say. */
function prune(object: Json): void {
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    prune(value as Json);
    if (key === 'status' && Object.keys(value).length === 0) Reflect.deleteProperty(object, key);
  }
}

/** What a Kubernetes protobuf body holds: the kind it says it is, and the bytes of that message. */
export function openEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw new ProtobufSyntaxError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  const fields = plainFields(bytes.subarray(magic.length));
  const typeMeta = plainFields(chunkOf(fields.get(1)));
  return {
    apiVersion: text(chunkOf(typeMeta.get(1))),
    kind: text(chunkOf(typeMeta.get(2))),
    raw: chunkOf(fields.get(2)),
  };
}

/**
 * Decodes a Kubernetes protobuf body (`k8s\0`, then runtime.Unknown) into the object's JSON form.
 * `schemaOf` names the message of a kind.
 * @throws ProtobufSyntaxError
 */
export function decodeObject(
  bytes: Uint8Array,
  schemaOf: (apiVersion: string, kind: string) => string | undefined,
): Json {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  const schema = schemaOf(apiVersion, kind);
  if (schema === undefined)
    throw new ProtobufSyntaxError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  const object = decodeMessage(schema, raw);
  prune(object);
  return { apiVersion, kind, ...object };
}
