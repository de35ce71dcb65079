import { isAtomicMessage, lookupSchema } from '@drydock/api/scheme';
import type { FieldSchema } from '@drydock/base/apimachinery';

export type Json = Record<string, unknown>;
export type Descriptions = Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>>;

/** Which of the two document formats is built: they differ in references and in a few types. */
export type Dialect = 'v2' | 'v3';

/** `io.k8s.api.apps.v1.Deployment` for `k8s.io.api.apps.v1.Deployment`. */
export function schemaName(message: string): string {
  return message.replace(/^k8s\.io\./, 'io.k8s.').replace(/_/g, '-');
}

export function reference(message: string, dialect: Dialect): string {
  return `#/${dialect === 'v2' ? 'definitions' : 'components/schemas'}/${schemaName(message)}`;
}

function scalarSchema(field: FieldSchema, dialect: Dialect): Json {
  switch (field.kind) {
    case 'string':
      return { type: 'string' };
    case 'bool':
      return { type: 'boolean' };
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return { type: 'integer', format: field.kind };
    case 'double':
      return { type: 'number', format: 'double' };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'time':
    case 'microTime':
      return { type: 'string', format: 'date-time' };
    case 'duration':
      return { type: 'string' };
    case 'quantity':
      return dialect === 'v2' ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] };
    case 'intOrString':
      return dialect === 'v2'
        ? { type: 'string', format: 'int-or-string' }
        : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
    case 'rawExtension':
    case 'fieldsV1':
      return { type: 'object' };
    case 'json':
      return {};
    case 'message': {
      const $ref = reference(field.message ?? '', dialect);
      return dialect === 'v2' ? { $ref } : { allOf: [{ $ref }] };
    }
  }
}

function fieldSchema(field: FieldSchema, dialect: Dialect, description: string | undefined): Json {
  const item = scalarSchema(field, dialect);
  let schema: Json;
  // Beneath lists and maps a bare reference is the usual form.
  const inner = field.kind === 'message' ? { $ref: reference(field.message ?? '', dialect) } : item;
  if (field.map === true) {
    schema = {
      type: 'object',
      additionalProperties: field.wrapped === true ? { type: 'array', items: inner } : inner,
    };
  } else if (field.repeated === true || field.wrapped === true) schema = { type: 'array', items: inner };
  else schema = { ...item };
  if (description !== undefined && description !== '') schema['description'] = description;
  if (field.default !== undefined) schema['default'] = field.default;
  if (field.listType !== undefined) schema['x-kubernetes-list-type'] = field.listType;
  if (field.listMapKeys !== undefined) schema['x-kubernetes-list-map-keys'] = field.listMapKeys;
  if (field.mapType !== undefined) schema['x-kubernetes-map-type'] = field.mapType;
  if (field.patchMergeKey !== undefined) schema['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
  if (field.patchStrategy !== undefined) schema['x-kubernetes-patch-strategy'] = field.patchStrategy;
  return schema;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The schema of one message. */
export function messageSchema(
  message: string,
  dialect: Dialect,
  texts: Descriptions,
  gvks: readonly GroupVersionKind[],
): Json {
  const declared = lookupSchema(message);
  const properties: Json = {};
  const required: string[] = [];
  if (gvks.length > 0) {
    properties['apiVersion'] = {
      type: 'string',
      description: 'Group and version of the schema of this object.',
    };
    properties['kind'] = { type: 'string', description: 'Kind of this object, in CamelCase.' };
  }
  const visit = (name: string) => {
    for (const field of lookupSchema(name)?.fields ?? []) {
      if (field.inline === true && field.message !== undefined) {
        visit(field.message);
        continue;
      }
      properties[field.name] = fieldSchema(field, dialect, texts[name]?.[1][field.name]);
      if (field.required === true && field.name !== 'metadata') required.push(field.name);
    }
  };
  if (declared !== undefined) visit(message);
  const schema: Json = { description: texts[message]?.[0] ?? '', type: 'object' };
  if (Object.keys(properties).length > 0) schema['properties'] = properties;
  if (required.length > 0) schema['required'] = required;
  if (isAtomicMessage(message)) schema['x-kubernetes-map-type'] = 'atomic';
  if (gvks.length > 0) schema['x-kubernetes-group-version-kind'] = gvks;
  return schema;
}

/** Every message that can be reached from `roots`, they included. */
export function reachable(roots: Iterable<string>): string[] {
  const found = new Set<string>();
  const visit = (message: string) => {
    const schema = lookupSchema(message);
    if (schema === undefined || found.has(message)) return;
    found.add(message);
    for (const field of schema.byJsonName.values()) if (field.message !== undefined) visit(field.message);
  };
  for (const root of roots) visit(root);
  return [...found].sort();
}
