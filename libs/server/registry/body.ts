import type { ApiError, JsonScan, KubeObject } from '@drydock/base/apimachinery';
import {
  badRequest,
  goJson,
  goQuote,
  goValue,
  invalid,
  invalidValue,
  isJsonObject,
  JsonSyntaxError,
  jsonSyntaxError,
  maxJsonDepth,
  parseApiVersion,
  parseJson,
  scanJson,
} from '@drydock/base/apimachinery';
import { applyScalarDefaults } from '@drydock/api/defaulting';
import { findKind, lookupSchema } from '@drydock/api/scheme';
import { strictProblems, validateShape, type ShapeReport } from '@drydock/api/validation';
import type { Patch } from '@drydock/port/transport';
import { inStoredOrder } from '../watch-cache/index.ts';
import type { Scope } from './environment.ts';
import { orderedMeta } from './object-meta.ts';
import type { Body } from './registry.ts';
import type { Served } from './served.ts';
import type { CustomFormat } from './types.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

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

function summarize(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const head = bytes.subarray(0, 30);
  const more = bytes.length > 30 ? ' ...' : '';
  if (bytes[0] === 0x7b) return new TextDecoder().decode(head) + more;
  return [...head].map((byte) => byte.toString(16).padStart(2, '0')).join('') + more;
}

function unrecognized(type: BodyType, why: string, body: Body): ApiError {
  const shown = body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body));
  return badRequest(
    `the object provided is unrecognized (must be of type ${type.kind}): ${why} (${summarize(shown)})`,
  );
}

function parseError(why: string): string {
  return `couldn't get version/kind; json parse error: ${why}`;
}

/** Go's words for a body whose kind and apiVersion cannot be read; undefined when they can. */
function typeMetaError(value: unknown): string | undefined {
  if (!isJsonObject(value)) {
    return parseError(
      `json: cannot unmarshal ${goTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  for (const key of ['apiVersion', 'kind'] as const) {
    const text = value[key];
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string')
      return parseError(
        `json: cannot unmarshal ${goTypeOf(text)} into Go struct field .${key} of type string`,
      );
    if (key === 'apiVersion' && text.split('/').length > 2) return `unexpected GroupVersion string: ${text}`;
  }
  return undefined;
}

function cannotHandle(type: BodyType, why: string, said: TypeMeta): ApiError {
  return badRequest(
    `${said.kind} in version ${goQuote(versionOf(said.apiVersion))} cannot be handled as a ${type.kind}: ${why}`,
  );
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What the body says it is; what it leaves open is as wanted. */
function typeMetaOf(value: Record<string, unknown>, type: BodyType): TypeMeta {
  const { apiVersion, kind } = value;
  return {
    // The core group has no name, with a slash or without.
    apiVersion:
      typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion.replace(/^\//, '') : type.apiVersion,
    kind: typeof kind === 'string' && kind !== '' ? kind : type.kind,
  };
}

/** Why an object that says it is `said` cannot be taken for a `type`; undefined when it can. */
function mismatch(said: TypeMeta, type: BodyType): string | undefined {
  if (said.kind === type.kind && said.apiVersion === type.apiVersion) return undefined;
  // Of custom resources only the version is looked at; a wrong kind is found when they are validated.
  if (type.custom !== undefined) return undefined;
  if (said.kind === type.kind && lookupSchema(type.schema) === undefined) return undefined;
  const { group, version } = parseApiVersion(said.apiVersion);
  const known = findKind(group, version, said.kind) !== undefined;
  if (!known) {
    return `no kind ${goQuote(said.kind)} is registered for version ${goQuote(said.apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
  }
  if (said.kind === type.kind) return undefined;
  const internal = parseApiVersion(type.apiVersion).group;
  return `converting (${version}.${said.kind}) to (${goPackage(internal)}.${type.kind}): unknown conversion`;
}

/** The Go package of a group's internal types. */
function goPackage(group: string): string {
  return group === '' ? 'core' : (group.split('.')[0] ?? group);
}

/**
 * Turns a body into a private draft: of the right kind, in the shape of its schema, with the schema's defaults, ordered as
 * it will be stored. Tells what a strict decoder says, as the scope wishes.
 * @throws ApiError 400 in Kubernetes' words
 */
export function decodeBody(body: Body, type: BodyType, scope: Scope): KubeObject {
  if (!(body instanceof Uint8Array)) return decodeValue(body, type, scope, undefined, body);
  // Go takes bytes that are no UTF-8 for the replacement character, and so does this.
  const text = decoder.decode(body);
  let value: unknown;
  let scan: JsonScan;
  try {
    value = parseJson(text);
    scan = scanJson(text);
    if (scan.depth > maxJsonDepth) throw new JsonSyntaxError(jsonSyntaxError(text) ?? '');
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw unrecognized(type, parseError(error.message), body);
    throw error;
  }
  return decodeValue(value, type, scope, scan.mayRepeatKeys ? text : undefined, body);
}

/** @throws ApiError 400 where the kind of a custom resource is missing, 422 where it is another */
function checkCustomKind(value: Record<string, unknown>, type: BodyType, body: Body): void {
  const { kind } = value;
  if (body instanceof Uint8Array && (kind === undefined || kind === ''))
    throw unrecognized(type, `Object 'Kind' is missing in '${decoder.decode(body)}'`, body);
  if (kind === undefined || kind === '' || kind === type.kind) return;
  const { group } = parseApiVersion(type.apiVersion);
  const name = isJsonObject(value['metadata']) ? value['metadata']['name'] : undefined;
  throw invalid({ group, kind: type.kind }, typeof name === 'string' ? name : '', [
    invalidValue('kind', kind, `must be ${type.kind}`),
  ]);
}

/** `text` is given when keys may be repeated in it. */
function decodeValue(
  parsed: unknown,
  type: BodyType,
  scope: Scope,
  text: string | undefined,
  body: Body,
): KubeObject {
  // Go's null leaves the object as it was: empty.
  const value: unknown = parsed === null ? {} : parsed;
  const untyped = typeMetaError(value);
  if (untyped !== undefined) throw unrecognized(type, untyped, body);
  const record = value as Record<string, unknown>;
  const said = typeMetaOf(record, type);
  const wrong = mismatch(said, type);
  if (wrong !== undefined) throw cannotHandle(type, wrong, said);
  if (said.apiVersion !== type.apiVersion) {
    throw badRequest(
      `the API version in the data (${said.apiVersion}) does not match the expected API version (${type.apiVersion})`,
    );
  }
  if (type.custom !== undefined) checkCustomKind(record, type, body);
  const report = shape(record, type);
  if (report.error !== undefined) throw cannotHandle(type, report.error, said);
  const problems = problemsOf(report.unknown, type, scope, text, body instanceof Uint8Array);
  if (problems.length > 0) {
    if (scope.fieldValidation === 'Strict')
      throw cannotHandle(type, `strict decoding error: ${problems.join(', ')}`, said);
    warnOf(problems, scope);
  }
  return finishDraft(record, type);
}

/** All that a strict decoder says, in Kubernetes' order. */
function problemsOf(
  unknown: readonly string[],
  type: BodyType,
  scope: Scope,
  text: string | undefined,
  inOrder: boolean,
): readonly string[] {
  const before = scope.decodingProblems;
  if (!scope.decodesStrictly) return nothing;
  if (unknown.length === 0 && text === undefined) return before;
  const typed = type.custom === undefined && lookupSchema(type.schema) !== undefined;
  if (text !== undefined && typed) return [...before, ...strictProblems(text, type.schema)];
  // What comes through a map in Kubernetes is sorted: YAML and patches. Custom resources have an order of their own.
  const paths = (inOrder && typed) || type.custom !== undefined ? unknown : unknown.toSorted(byParts);
  const repeated = text === undefined ? nothing : strictProblems(text, undefined);
  return [...before, ...repeated, ...paths.map((path) => `unknown field ${goQuote(path)}`)];
}

const nothing: readonly string[] = [];

function byParts(a: string, b: string): number {
  const [x, y] = [a, b].map((path) => path.replaceAll(/[.[]/g, '\0'));
  return x! < y! ? -1 : 1;
}

const yamlErrors = /^(error converting YAML to JSON: )?yaml: unmarshal errors:\n/;

/** One `Warning:` for each; a YAML decoder's lines are told one by one. */
export function warnOf(problems: readonly string[], scope: Scope): void {
  for (const problem of problems) {
    for (const line of problem.replace(yamlErrors, '').split('\n')) scope.warn(line.trim());
  }
}

/** Shapes an object that was made here, not by a client: what does not fit is our fault, unknown fields are dropped. */
export function shapeDraft(value: Record<string, unknown>, type: BodyType): KubeObject {
  const report = shape(value, type);
  if (report.error !== undefined) throw cannotHandle(type, report.error, typeMetaOf(value, type));
  return finishDraft(value, type);
}

const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Brings the value into the shape of its schema, in place. */
function shape(value: Record<string, unknown>, type: BodyType): ShapeReport {
  if (type.custom === undefined) return validateShape(type.schema, value);
  // A custom resource: only its metadata has a generated message.
  const { metadata } = value;
  let unknown: readonly string[] = nothing;
  if (metadata === undefined || metadata === null) value['metadata'] = {};
  else if (!isJsonObject(metadata)) {
    const error = `json: cannot unmarshal ${goTypeOf(metadata)} into Go struct field ObjectMeta.metadata of type v1.ObjectMeta`;
    return { unknown, error };
  } else {
    const report = validateShape(objectMeta, metadata);
    if (report.error !== undefined) return report;
    unknown = report.unknown.map((path) => `metadata.${path}`).sort(byParts);
  }
  const object = value as unknown as KubeObject;
  object.metadata = orderedMeta(object.metadata);
  return { unknown: [...unknown, ...type.custom.shape(object)], error: undefined };
}

function finishDraft(value: Record<string, unknown>, type: BodyType): KubeObject {
  if (type.custom !== undefined)
    return inStoredOrder(value as unknown as KubeObject, type.apiVersion, type.kind);
  if (!isJsonObject(value['metadata'])) value['metadata'] = {};
  const object = value as unknown as KubeObject;
  object.metadata = orderedMeta(object.metadata);
  applyScalarDefaults(type.schema, object);
  return inStoredOrder(object, type.apiVersion, type.kind);
}

/**
 * What a patch made of an object, as a private draft. What does not fit is answered as Kubernetes does: 422 on `patch`.
 */
export function decodePatched(patched: unknown, type: BodyType, patch: Patch, scope: Scope): KubeObject {
  const strategic = patch.type === 'strategic';
  // Written out before the walk, which drops what it does not know.
  let shown: string | undefined;
  const show = (): string => (strategic ? goValue(patch.body) : goJson(patched));
  const refuse = (why: string): ApiError =>
    invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown ?? show(), why)]);
  const untyped = strategic ? undefined : typeMetaError(patched);
  if (untyped !== undefined) throw refuse(untyped);
  const value = patched as Record<string, unknown>;
  if (strategic) {
    // The typed decoder takes an object's own word for what it is only from JSON.
    value['apiVersion'] = type.apiVersion;
    value['kind'] = type.kind;
  } else {
    const said = typeMetaOf(value, type);
    const wrong = mismatch(said, type);
    if (wrong !== undefined) throw refuse(wrong);
    value['apiVersion'] = type.apiVersion;
    if (scope.fieldValidation === 'Strict') shown = show();
  }
  const report = shape(value, type);
  if (report.error !== undefined)
    throw refuse(strategic ? (report.converterError ?? report.error) : report.error);
  const problems = problemsOf(report.unknown, type, scope, undefined, false);
  if (problems.length > 0) {
    if (scope.fieldValidation === 'Strict') throw refuse(`strict decoding error: ${problems.join(', ')}`);
    warnOf(problems, scope);
  }
  return finishDraft(value, type);
}

function goTypeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}
