import { lookupSchema } from '@drydock/api/scheme';
import type { FieldSchema } from '@drydock/base/apimachinery';
import { bool, dyn, int, listOf, mapOf, scalar, string, type Type } from '../../cel/index.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import { escapeProperty, schemaType } from '../../schema-rules/index.ts';
import type { JsonSchema } from '../../structural-schema/index.ts';

const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';

function messageType(message: string, name: string): Type {
  const fields = new Map<string, FieldSchema>();
  for (const [field, schema] of lookupSchema(message)?.byJsonName ?? []) {
    fields.set(field, schema);
    const escaped = escapeProperty(field);
    if (escaped !== undefined) fields.set(escaped, schema);
  }
  const known = new Map<string, Type | undefined>();
  return {
    kind: 'object',
    name,
    field(field) {
      const schema = fields.get(field);
      if (schema === undefined) return undefined;
      if (!known.has(field)) known.set(field, fieldType(schema, `${name}.${field}`));
      return known.get(field);
    },
  };
}

function fieldType(field: FieldSchema, name: string): Type | undefined {
  const single = elementType(field, name);
  if (single === undefined) return undefined;
  if (field.repeated === true) return listOf(single);
  return field.map === true ? mapOf(string, single) : single;
}

/** Undefined for what has no type of its own: fields of any JSON. */
function elementType({ kind, message = '' }: FieldSchema, name: string): Type | undefined {
  switch (kind) {
    case 'message':
      return lookupSchema(message) === undefined ? undefined : messageType(message, name);
    case 'bool':
      return bool;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return int;
    case 'double':
      return scalar('double');
    case 'bytes':
      return scalar('bytes');
    case 'time':
    case 'microTime':
      return scalar('timestamp');
    case 'intOrString':
      return dyn;
    case 'string':
    case 'quantity':
    case 'duration':
      return string;
    case 'rawExtension':
      return { kind: 'object', name, field: () => undefined };
    default:
      return undefined;
  }
}

/** What expressions know of the objects of a kind beforehand, as its OpenAPI schema says; undefined: nothing. */
export function objectTypeOf({ custom, schema, kind }: ResourceDefinition): Type | undefined {
  if (custom === undefined) {
    if (lookupSchema(schema) === undefined) return undefined;
    return withTypeMeta(messageType(schema, kind), kind);
  }
  const own = schemaType(custom.schema as JsonSchema, false)?.type;
  return own?.kind === 'object' ? withTypeMeta(own, kind) : undefined;
}

function withTypeMeta(type: Type, name: string): Type | undefined {
  if (type.kind !== 'object') return undefined;
  const metadata = messageType(objectMeta, `${name}.metadata`);
  return {
    kind: 'object',
    name,
    field(field) {
      if (field === 'kind' || field === 'apiVersion') return string;
      return field === 'metadata' ? metadata : type.field(field);
    },
  };
}
