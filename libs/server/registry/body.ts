import type { ApiError, KubeObject } from '@drydock/base/apimachinery';
import { badRequest, isJsonObject } from '@drydock/base/apimachinery';
import { applyScalarDefaults } from '@drydock/api/defaulting';
import { validateShape } from '@drydock/api/validation';
import { inStoredOrder } from '../watch-cache/index.ts';
import type { Scope } from './environment.ts';
import { orderedMeta } from './object-meta.ts';
import type { Body } from './registry.ts';
import type { Served } from './served.ts';
import type { CustomFormat } from './types.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** What a body must be. */
export interface BodyType {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its message in the schema. */
  readonly schema: string;
  readonly custom?: CustomFormat | undefined;
}

export function bodyTypeOf(served: Served): BodyType {
  const { schema, custom } = served.definition;
  return { apiVersion: served.apiVersion, kind: served.kind, schema, custom };
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.lastIndexOf('/') + 1);
}

/** Go's words for what JSON.parse refuses. */
function goSyntaxError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(message)?.[1];
  // Short texts are quoted whole instead of counted into.
  const token = /^Unexpected token '(.)'/u.exec(message)?.[1];
  const found = token === undefined ? -1 : text.indexOf(token);
  const at = position !== undefined ? Number(position) : found < 0 ? text.length : found;
  const char = text[at];
  if (char === undefined || /end of JSON input|Unterminated/.test(message))
    return 'unexpected end of JSON input';
  const before = text.slice(0, at).trimEnd().at(-1);
  if (before === '{') return `invalid character ${goRune(char)} looking for beginning of object key string`;
  if (before === undefined || before === ':' || before === ',' || before === '[') {
    return `invalid character ${goRune(char)} looking for beginning of value`;
  }
  return `invalid character ${goRune(char)} after ${text.trimStart().startsWith('{') ? 'object key:value pair' : 'top-level value'}`;
}

function goRune(char: string): string {
  return char === "'" ? "'\\''" : `'${JSON.stringify(char).slice(1, -1)}'`;
}

function summarize(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const head = bytes.subarray(0, 30);
  const more = bytes.length > 30 ? ' ...' : '';
  if (bytes[0] === 0x7b) return new TextDecoder().decode(head) + more;
  return [...head].map((byte) => byte.toString(16).padStart(2, '0')).join('') + more;
}

function parse(bytes: Uint8Array, type: BodyType): unknown {
  let text = '';
  try {
    text = decoder.decode(bytes);
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): couldn't get version/kind; json parse error: ${goSyntaxError(text, error)} (${summarize(bytes)})`,
    );
  }
}

function cannotHandle(type: BodyType, why: string, kind = type.kind): ApiError {
  return badRequest(
    `${kind} in version "${versionOf(type.apiVersion)}" cannot be handled as a ${type.kind}: ${why}`,
  );
}

/**
 * Turns a body into a private draft: of the right kind, in the shape of its schema, with the schema's defaults, ordered as
 * it will be stored.
 * @throws ApiError 400 in Kubernetes' words
 */
export function decodeBody(body: Body, type: BodyType, scope: Scope): KubeObject {
  const value: unknown = body instanceof Uint8Array ? parse(body, type) : body;
  if (!isJsonObject(value)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): couldn't get version/kind; json: cannot unmarshal ${goTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion, kind } = value;
  if (kind !== undefined && kind !== '' && kind !== type.kind) {
    const said = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : type.apiVersion;
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(versionOf(said))} cannot be handled as a ${type.kind}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(said)} in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== type.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${type.apiVersion})`,
    );
  }
  return shapeDraft(value, type, scope);
}

/** The part of `decodeBody` that also applies to what a patch made. */
export function shapeDraft(value: Record<string, unknown>, type: BodyType, scope: Scope): KubeObject {
  if (type.custom !== undefined) return shapeCustom(value, type.custom, type, scope);
  const report = validateShape(type.schema, value);
  if (report.error !== undefined) throw cannotHandle(type, report.error);
  if (report.unknown.length > 0) complainOfUnknown(report.unknown, type, scope);
  if (!isJsonObject(value.metadata)) value.metadata = {};
  const object = value as unknown as KubeObject;
  object.metadata = orderedMeta(object.metadata);
  applyScalarDefaults(type.schema, object);
  return inStoredOrder(object, type.apiVersion, type.kind);
}

const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** A custom resource: only its metadata has a generated message. */
function shapeCustom(
  value: Record<string, unknown>,
  custom: CustomFormat,
  type: BodyType,
  scope: Scope,
): KubeObject {
  const { metadata } = value;
  const object = value as unknown as KubeObject;
  let unknown: readonly string[] = [];
  if (metadata === undefined || metadata === null) object.metadata = {};
  else if (!isJsonObject(metadata)) {
    throw cannotHandle(
      type,
      `json: cannot unmarshal ${goTypeOf(metadata)} into Go struct field ObjectMeta.metadata of type v1.ObjectMeta`,
    );
  } else {
    const report = validateShape(objectMeta, metadata);
    if (report.error !== undefined) throw cannotHandle(type, report.error);
    unknown = report.unknown.map((path) => `metadata.${path}`);
  }
  object.metadata = orderedMeta(object.metadata);
  const dropped = custom.shape(object);
  if (unknown.length > 0 || dropped.length > 0)
    complainOfUnknown([...unknown, ...dropped.toSorted()], type, scope);
  return inStoredOrder(object, type.apiVersion, type.kind);
}

function complainOfUnknown(paths: readonly string[], type: BodyType, scope: Scope): void {
  if (scope.fieldValidation === 'Ignore') return;
  const messages = paths.map((path) => `unknown field "${path}"`);
  if (scope.fieldValidation === 'Strict')
    throw cannotHandle(type, `strict decoding error: ${messages.join(', ')}`);
  for (const message of messages) scope.warn(message);
}

function goTypeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}
