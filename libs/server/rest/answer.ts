import type { ApiError, KubeObject, Status } from '@drydock/base/apimachinery';
import type { HttpResponse } from '@drydock/port/http';
import { stringify } from 'yaml';
import type { ResourceDefinition } from '../registry/types.ts';
import { metadataOffset, type StoredObject } from '../watch-cache/index.ts';
import { partialObject, renderTable, type IncludeObject } from '../tables/index.ts';
import type { StoredList } from '../registry/registry.ts';
import type { Form } from './accept.ts';

const encoder = new TextEncoder();
const jsonHeaders = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
const yamlHeaders = { 'content-type': 'application/yaml', 'cache-control': 'no-cache, private' };
const comma = encoder.encode(',');
const listEnd = encoder.encode(']}\n');
const openBrace = encoder.encode('{');

export type Headers = Record<string, string | readonly string[]>;

/** Any JSON value as an answer. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Headers = {},
  yaml = false,
): HttpResponse {
  const text = yaml ? stringify(value) : `${JSON.stringify(value)}\n`;
  return {
    status,
    headers: { ...(yaml ? yamlHeaders : jsonHeaders), ...headers },
    body: encoder.encode(text),
  };
}

export function textAnswer(status: number, text: string, headers: Headers = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: encoder.encode(text),
  };
}

/** A failure as its Status. */
export function errorAnswer(error: ApiError, headers: Headers = {}): HttpResponse {
  const { status } = error;
  const retry = status.details?.retryAfterSeconds;
  return jsonAnswer(
    status.code ?? 500,
    status,
    retry ? { ...headers, 'retry-after': String(retry) } : headers,
  );
}

export interface TableContext {
  readonly definition: ResourceDefinition;
  readonly includeObject: IncludeObject;
  readonly now: number;
}

/** One object; the bytes of the cache go out as they are. */
export function objectAnswer(
  status: number,
  stored: StoredObject,
  form: Form,
  table: () => TableContext,
  headers: Headers = {},
): HttpResponse {
  if (form.as === 'object' && !form.yaml) {
    return { status, headers: { ...jsonHeaders, ...headers }, body: stored.bytes };
  }
  return jsonAnswer(status, convert(stored.object, form, table), headers, form.yaml);
}

function convert(object: KubeObject, form: Form, table: () => TableContext): unknown {
  // Failures and successes are Status in every form.
  if (form.as === 'object' || object.kind === 'Status') return object;
  if (form.as === 'partial') return partialObject(object, form.metaVersion);
  const { definition, includeObject, now } = table();
  const { resourceVersion } = object.metadata;
  return renderTable(
    definition,
    [object],
    { resourceVersion },
    { apiVersion: form.metaVersion, includeObject, now },
  );
}

export function statusAnswer(status: Status, yaml: boolean, headers: Headers = {}): HttpResponse {
  return jsonAnswer(status.code ?? 200, status, headers, yaml);
}

function listMetadata(list: StoredList) {
  return {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
  };
}

/** A list; the items' bytes are copied together, never parsed. Items of built-in lists carry no kind of their own. */
export function listAnswer(list: StoredList, form: Form, table: () => TableContext): HttpResponse {
  const metadata = listMetadata(list);
  if (form.as === 'table') {
    const { definition, includeObject, now } = table();
    const objects = list.items.map(({ object }) => object);
    const rendered = renderTable(definition, objects, metadata, {
      apiVersion: form.metaVersion,
      includeObject,
      now,
    });
    return jsonAnswer(200, rendered, {}, form.yaml);
  }
  if (form.as === 'partial') {
    const items = list.items.map(({ object }) => partialObject(object, form.metaVersion));
    const value = { kind: 'PartialObjectMetadataList', apiVersion: form.metaVersion, metadata, items };
    return jsonAnswer(200, value, {}, form.yaml);
  }
  const { kind, apiVersion } = list;
  if (form.yaml) {
    const items = list.items.map(({ object }) => object);
    return jsonAnswer(200, { kind, apiVersion, metadata, items }, {}, true);
  }
  const head = encoder.encode(`${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`);
  let size = head.length + listEnd.length;
  const parts: Uint8Array[] = [];
  for (const { bytes } of list.items) {
    // Without the opening brace, and mostly without kind and apiVersion.
    const part = bytes.subarray(list.typedItems === true ? 1 : metadataOffset(bytes));
    parts.push(part);
    size += part.length + openBrace.length + comma.length;
  }
  const body = new Uint8Array(parts.length === 0 ? size : size - comma.length);
  body.set(head, 0);
  let to = head.length;
  parts.forEach((part, index) => {
    if (index > 0) body[to++] = comma[0] ?? 0;
    body[to++] = openBrace[0] ?? 0;
    body.set(part, to);
    to += part.length;
  });
  body.set(listEnd, to);
  return { status: 200, headers: jsonHeaders, body };
}
