import {
  badRequest,
  goQuote,
  metadataOffset,
  notConvertible,
  type ApiError,
  type KubeObject,
} from '@drydock/base/apimachinery';
import type { HttpResponse } from '@drydock/port/http';
import type { ResourceDefinition } from '../registry/types.ts';
import type { StoredObject } from '../watch-cache/index.ts';
import {
  customScaleColumns,
  partialObject,
  renderTable,
  scaleColumns,
  type IncludeObject,
} from '../tables/index.ts';
import type { StoredList } from '../registry/registry.ts';
import { mediaTypes, plainJson, type Form } from './accept.ts';
import { listInProtobuf, objectInProtobuf, partialListInProtobuf, valueInProtobuf } from './protobuf.ts';
import { toYaml } from './to-yaml.ts';

const encoder = new TextEncoder();
const cacheControl = 'no-cache, private';
const headersOf = {
  json: { 'content-type': mediaTypes.json, 'cache-control': cacheControl },
  yaml: { 'content-type': mediaTypes.yaml, 'cache-control': cacheControl },
  protobuf: { 'content-type': mediaTypes.protobuf, 'cache-control': cacheControl },
} as const;
const listEnd = encoder.encode(']}\n');
const comma = 0x2c;
const openBrace = 0x7b;

export type Headers = Record<string, string | readonly string[]>;

function bytesAnswer(status: number, form: Form, body: Uint8Array, headers?: Headers): HttpResponse {
  const own = headersOf[form.encoding];
  return { status, headers: headers === undefined ? own : { ...own, ...headers }, body };
}

/** JSON or YAML text of a value. */
export function encodeText(value: object, form: Form): Uint8Array {
  if (form.encoding === 'yaml') return encoder.encode(toYaml(value));
  return encoder.encode(form.pretty ? JSON.stringify(value, undefined, 2) : `${JSON.stringify(value)}\n`);
}

/** Any object with a kind as an answer, in any of the encodings. */
export function valueAnswer(
  status: number,
  value: { readonly kind?: string; readonly apiVersion?: string },
  form: Form,
  headers?: Headers,
): HttpResponse {
  const body = form.encoding === 'protobuf' ? valueInProtobuf(value) : encodeText(value, form);
  return bytesAnswer(status, form, body, headers);
}

/** Any JSON value as an answer. */
export function jsonAnswer(status: number, value: object, headers?: Headers): HttpResponse {
  return bytesAnswer(status, plainJson, encodeText(value, plainJson), headers);
}

export function textAnswer(status: number, text: string, headers: Headers = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': cacheControl, ...headers },
    body: encoder.encode(text),
  };
}

/** A failure as its Status. */
export function errorAnswer(error: ApiError, form: Form = plainJson): HttpResponse {
  const { status } = error;
  const retry = status.details?.retryAfterSeconds;
  return valueAnswer(status.code ?? 500, status, form, retry ? { 'retry-after': String(retry) } : undefined);
}

export interface TableContext {
  readonly definition: ResourceDefinition;
  readonly includeObject: IncludeObject;
  readonly now: number;
}

/** The `includeObject` parameter of tables. @throws ApiError 400 */
export function includeObjectOf(value: string | undefined): IncludeObject {
  if (value === undefined || value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${goQuote(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** How Go names the type of an object: `*core.Pod`. */
function goTypeOf({ group, custom }: ResourceDefinition, kind: string): string {
  if (custom !== undefined)
    return kind.endsWith('List') ? '*unstructured.UnstructuredList' : '*unstructured.Unstructured';
  const [first = ''] = group.split('.');
  return `*${first === '' || group === 'events.k8s.io' ? 'core' : first}.${kind}`;
}

/** One object; the bytes of the cache go out as they are. */
export function objectAnswer(
  status: number,
  stored: StoredObject,
  form: Form,
  table: () => TableContext,
  headers?: Headers,
): HttpResponse {
  if (form.as === 'object') {
    if (form.encoding === 'protobuf') return bytesAnswer(status, form, objectInProtobuf(stored), headers);
    if (form.encoding === 'json' && !form.pretty) return bytesAnswer(status, form, stored.bytes, headers);
  }
  return valueAnswer(status, convert(stored.object, form, table), form, headers);
}

/** An object as what the client wants it turned into. */
export function convert(
  object: KubeObject,
  form: Form,
  table: () => TableContext,
  headless = false,
): KubeObject {
  // Failures and successes are Status in every form.
  if (form.as === 'object' || object.kind === 'Status') return object;
  if (form.as === 'partial') return partialObject(object, form.metaVersion);
  const { definition, includeObject, now } = table();
  if (form.as === 'partial list') {
    throw notConvertible(
      'PartialObjectMetadataList',
      `not a list (${goTypeOf(definition, object.kind ?? '')})`,
    );
  }
  const { resourceVersion } = object.metadata;
  return renderTable(
    tabled(definition, object.kind),
    [object],
    { resourceVersion },
    { apiVersion: form.metaVersion, includeObject, now, headless },
  ) as unknown as KubeObject;
}

/** The definition with the columns of an object that may not be of its kind: those of every object for what has none. */
function tabled(definition: ResourceDefinition, kind: string | undefined): ResourceDefinition {
  if (kind === definition.kind) return definition;
  const { columns: _columns, rowConditions: _rowConditions, ...bare } = definition;
  if (kind !== 'Scale') return bare;
  return { ...bare, columns: definition.custom === undefined ? scaleColumns : customScaleColumns };
}

function listMetadata(list: StoredList) {
  return {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
  };
}

/** A list in the client's encoding and form. */
export function listAnswer(list: StoredList, form: Form, table: () => TableContext): HttpResponse {
  const metadata = listMetadata(list);
  if (form.as === 'object') {
    const fresh = (body: Uint8Array) => ({ ...bytesAnswer(200, form, body), freshBody: true });
    if (form.encoding === 'protobuf') return fresh(listInProtobuf(list, metadata));
    if (form.encoding === 'json' && !form.pretty) return fresh(listInJson(list, metadata));
    return valueAnswer(200, listValue(list, metadata), form);
  }
  const objects = list.items.map(({ object }) => object);
  const { definition, includeObject, now } = table();
  switch (form.as) {
    case 'table': {
      const options = { apiVersion: form.metaVersion, includeObject, now };
      const { tableOrder } = definition;
      const ordered = tableOrder === undefined ? objects : objects.toSorted(tableOrder);
      return valueAnswer(200, renderTable(definition, ordered, metadata, options), form);
    }
    case 'partial':
      throw notConvertible('PartialObjectMetadata', `a list (${goTypeOf(definition, list.kind)})`);
    case 'partial list': {
      if (form.encoding === 'protobuf')
        return bytesAnswer(200, form, partialListInProtobuf(objects, metadata, form.metaVersion));
      const items = objects.map((object) => partialObject(object, form.metaVersion));
      const kind = 'PartialObjectMetadataList';
      return valueAnswer(200, { kind, apiVersion: form.metaVersion, ...{ metadata, items } }, form);
    }
  }
}

function listValue(list: StoredList, metadata: object) {
  const { kind, apiVersion } = list;
  const items = list.items.map(({ object }) => {
    if (list.typedItems === true) return object;
    const { kind: _kind, apiVersion: _version, ...bare } = object;
    return bare;
  });
  return { kind, apiVersion, metadata, items };
}

/** The items' bytes are copied together, never parsed. Items of built-in lists carry no kind of their own. */
function listInJson(list: StoredList, metadata: object): Uint8Array {
  const { kind, apiVersion, items } = list;
  const typed = list.typedItems === true;
  const head = encoder.encode(`${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`);
  let size = head.length + listEnd.length + Math.max(0, items.length - 1);
  // Of most only kind and apiVersion stand before the metadata: what is left out is as long in all of them.
  let usual = 0;
  for (const { bytes } of items) {
    if (!typed) usual = metadataOffset(bytes, usual);
    size += bytes.length - (typed ? 0 : usual - 1);
  }
  const body = new Uint8Array(size);
  let end = size - listEnd.length;
  body.set(listEnd, end);
  // From the last to the first: each is copied whole, and what it should not have begun with is overwritten.
  for (let index = items.length - 1; index >= 0; index--) {
    const { bytes } = items[index]!;
    if (!typed) usual = metadataOffset(bytes, usual);
    const skipped = typed ? 0 : usual - 1;
    end -= bytes.length - skipped;
    body.set(bytes, end - skipped);
    body[end] = openBrace;
    if (index > 0) body[--end] = comma;
  }
  body.set(head, 0);
  return body;
}

/** Kubernetes leaves smaller answers as they are. */
const gzipThresholdBytes = 128 * 1024;

/** Marks a large answer to be compressed for a client that takes it so. Streams never are. */
export function compressible(response: HttpResponse, acceptEncoding: () => string | undefined): HttpResponse {
  const { body } = response;
  if (!(body instanceof Uint8Array) || body.length <= gzipThresholdBytes || response.gzip !== undefined)
    return response;
  const takes = (acceptEncoding() ?? '').split(',').some((token) => token.trim() === 'gzip');
  if (!takes) return response;
  const { vary } = response.headers;
  const varies = vary === undefined ? 'Accept-Encoding' : `${String(vary)}, Accept-Encoding`;
  return { ...response, headers: { ...response.headers, vary: varies }, gzip: true };
}
