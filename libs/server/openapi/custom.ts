import { isJsonObject } from '@drydock/base/apimachinery';
import { reference, type Dialect, type GroupVersionKind, type Json } from './schemas.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';

const typeMeta: Json = {
  apiVersion: {
    type: 'string',
    description: 'APIVersion defines by which group and version of the schema this object is written.',
  },
  kind: { type: 'string', description: 'Kind of this object, in CamelCase.' },
};

function metaReference(message: string, description: string, dialect: Dialect): Json {
  const $ref = reference(`${meta}.${message}`, dialect);
  return dialect === 'v2' ? { description, $ref } : { description, default: {}, allOf: [{ $ref }] };
}

function mapped(value: unknown, change: (schema: Json) => Json): unknown {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [name, isJsonObject(schema) ? change(schema) : schema]),
  );
}

/** What OpenAPI v2 and the clients that read it cannot do is left out: alternatives, nulls, defaults. */
function forV2(schema: Json): Json {
  const plain: Json = { ...schema };
  for (const key of ['allOf', 'anyOf', 'oneOf', 'not', 'default', 'x-kubernetes-validations'])
    Reflect.deleteProperty(plain, key);
  if (plain['nullable'] === true) {
    for (const key of ['nullable', 'type', 'items', 'properties', 'additionalProperties', 'format'])
      Reflect.deleteProperty(plain, key);
    return plain;
  }
  if (plain['x-kubernetes-int-or-string'] === true) Reflect.deleteProperty(plain, 'type');
  if (plain['x-kubernetes-preserve-unknown-fields'] === true && plain['type'] === 'array')
    for (const key of ['items', 'type']) Reflect.deleteProperty(plain, key);
  if (plain['properties'] !== undefined) plain['properties'] = mapped(plain['properties'], forV2);
  for (const key of ['items', 'additionalProperties']) {
    const below = plain[key];
    if (isJsonObject(below)) plain[key] = forV2(below);
  }
  return plain;
}

/** Objects inside objects have the three fields of every object. */
function withEmbedded(schema: Json, dialect: Dialect): Json {
  const made: Json = { ...schema };
  const below = (one: Json): Json => withEmbedded(one, dialect);
  if (made['properties'] !== undefined) made['properties'] = mapped(made['properties'], below);
  for (const key of ['items', 'additionalProperties']) {
    const inner = made[key];
    if (isJsonObject(inner)) made[key] = below(inner);
  }
  if (made['x-kubernetes-embedded-resource'] === true) {
    made['properties'] = { ...(made['properties'] as Json | undefined), ...objectFields(dialect) };
  }
  return made;
}

function objectFields(dialect: Dialect): Json {
  const text = "Standard object's metadata: names, labels, owners, times.";
  return { ...typeMeta, metadata: metaReference('ObjectMeta', text, dialect) };
}

/** The schema of a custom kind as clients see it. */
export function customSchema(schema: Json, dialect: Dialect, gvks: readonly GroupVersionKind[]): Json {
  // Clients of v2 refuse every field that a schema with properties does not name: one that keeps them all has none.
  if (dialect === 'v2' && schema['x-kubernetes-preserve-unknown-fields'] === true)
    return { type: 'object', 'x-kubernetes-group-version-kind': gvks };
  const own = withEmbedded(dialect === 'v2' ? forV2(schema) : schema, dialect);
  return {
    ...own,
    type: 'object',
    properties: { ...(own['properties'] as Json | undefined), ...objectFields(dialect) },
    'x-kubernetes-group-version-kind': gvks,
  };
}

/** The schema of its list. */
export function customListSchema(
  message: string,
  kind: string,
  dialect: Dialect,
  gvk: GroupVersionKind,
): Json {
  const items = { $ref: reference(message, dialect) };
  return {
    description: `${kind}List is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeMeta,
      items: { description: `The objects of kind ${kind}.`, type: 'array', items },
      metadata: metaReference('ListMeta', 'Metadata of the list: its revision, and how to go on.', dialect),
    },
    'x-kubernetes-group-version-kind': [gvk],
  };
}
