import { isAtomicMessage, lookupSchema } from '@drydock/api/scheme';
import type { FieldKind, FieldSchema } from '@drydock/base/apimachinery';

export type Json = Record<string, unknown>;
export type Descriptions = Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>>;

/** Which of the two document formats is built: they differ in references and in a few types. */
export type Dialect = 'v2' | 'v3';

const extensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1';
const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';

/** Messages whose JSON is not an object of their fields: they are described once and referred to. */
const specialMessages: Readonly<Partial<Record<FieldKind, string>>> = {
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  duration: `${meta}.Duration`,
  fieldsV1: `${meta}.FieldsV1`,
  quantity: 'k8s.io.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'k8s.io.apimachinery.pkg.util.intstr.IntOrString',
  rawExtension: 'k8s.io.apimachinery.pkg.runtime.RawExtension',
  json: `${extensions}.JSON`,
};
const unionMessages: Readonly<Record<NonNullable<FieldSchema['jsonForm']>, string>> = {
  schemaOrArray: `${extensions}.JSONSchemaPropsOrArray`,
  schemaOrBool: `${extensions}.JSONSchemaPropsOrBool`,
  schemaOrStrings: `${extensions}.JSONSchemaPropsOrStringArray`,
};

/** How the special messages are described. */
const specialSchemas: Readonly<Record<string, (dialect: Dialect) => Json>> = {
  [`${meta}.Time`]: () => ({ type: 'string', format: 'date-time' }),
  [`${meta}.MicroTime`]: () => ({ type: 'string', format: 'date-time' }),
  [`${meta}.Duration`]: () => ({ type: 'string' }),
  [`${meta}.FieldsV1`]: () => ({ type: 'object' }),
  'k8s.io.apimachinery.pkg.api.resource.Quantity': (dialect) =>
    dialect === 'v2' ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': (dialect) =>
    dialect === 'v2'
      ? { type: 'string', format: 'int-or-string' }
      : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  'k8s.io.apimachinery.pkg.runtime.RawExtension': () => ({ type: 'object' }),
  [`${extensions}.JSON`]: () => ({}),
  [unionMessages.schemaOrArray]: () => ({}),
  [unionMessages.schemaOrBool]: () => ({}),
  [unionMessages.schemaOrStrings]: () => ({}),
};

/** Objects of which one field says which other is meant: the values of the discriminator by field. */
const unions: Readonly<Record<string, { discriminator: string; fields: Readonly<Record<string, string>> }>> =
  {
    'k8s.io.api.flowcontrol.v1.LimitResponse': { discriminator: 'type', fields: { queuing: 'Queuing' } },
    'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationSpec': {
      discriminator: 'type',
      fields: { exempt: 'Exempt', limited: 'Limited' },
    },
    'k8s.io.api.flowcontrol.v1.Subject': {
      discriminator: 'kind',
      fields: { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' },
    },
  };

/** `io.k8s.api.apps.v1.Deployment` for `k8s.io.api.apps.v1.Deployment`. */
export function schemaName(message: string): string {
  return message.replace(/^k8s\.io\./, 'io.k8s.').replace(/_/g, '-');
}

export function reference(message: string, dialect: Dialect): string {
  return `#/${dialect === 'v2' ? 'definitions' : 'components/schemas'}/${schemaName(message)}`;
}

/** The message that a field refers to; undefined for scalars. */
function referredTo(field: FieldSchema): string | undefined {
  if (field.kind === 'message') return field.message;
  return field.jsonForm === undefined ? specialMessages[field.kind] : unionMessages[field.jsonForm];
}

function scalarSchema(field: FieldSchema): Json {
  switch (field.kind) {
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
    default:
      return { type: 'string' };
  }
}

/** The default of what Go holds by value: its zero. Only OpenAPI v3 has a place for it. */
function zeroOf(field: FieldSchema): Json {
  switch (field.kind) {
    case 'message':
      return { default: {} };
    case 'string':
      return { default: '' };
    case 'bool':
      return { default: false };
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return { default: 0 };
    default:
      return {};
  }
}

/** One value of a field; `held` where it is held by value. */
function valueSchema(field: FieldSchema, dialect: Dialect, held: boolean): Json {
  const message = referredTo(field);
  const zero = held && dialect === 'v3' ? zeroOf(field) : {};
  const values = field.values === undefined ? {} : { enum: [...field.values] };
  if (message === undefined) return { ...scalarSchema(field), ...zero, ...values };
  const $ref = reference(message, dialect);
  if (dialect === 'v2') return { $ref };
  return { allOf: [{ $ref }], ...zero };
}

/** Values in lists and maps: a bare reference where there is nothing to add to it. */
function itemSchema(field: FieldSchema, dialect: Dialect): Json {
  const message = referredTo(field);
  if (message !== undefined && field.kind !== 'message') return { $ref: reference(message, dialect) };
  return valueSchema(field, dialect, true);
}

function fieldSchema(field: FieldSchema, dialect: Dialect, text: string | undefined): Json {
  let schema: Json;
  if (field.map === true) {
    const items = itemSchema(field, dialect);
    schema = {
      type: 'object',
      additionalProperties: field.wrapped === true ? { type: 'array', items } : items,
    };
  } else if (field.repeated === true || field.wrapped === true) {
    schema = { type: 'array', items: itemSchema(field, dialect) };
  } else {
    const held = field.always === true && field.explicit !== true && field.default === undefined;
    schema = valueSchema(field, dialect, held);
  }
  const description = describe(field, text);
  if (description !== '') schema['description'] = description;
  if (field.default !== undefined) schema['default'] = field.default;
  if (field.listType !== undefined) schema['x-kubernetes-list-type'] = field.listType;
  if (field.listMapKeys !== undefined) schema['x-kubernetes-list-map-keys'] = field.listMapKeys;
  if (field.mapType !== undefined) schema['x-kubernetes-map-type'] = field.mapType;
  if (field.patchMergeKey !== undefined) schema['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
  if (field.patchStrategy !== undefined) schema['x-kubernetes-patch-strategy'] = field.patchStrategy;
  return schema;
}

/** What a field means, with its values where the text does not name them. */
function describe({ values = [] }: FieldSchema, text = ''): string {
  const missing = values.filter((value) => value !== '' && !text.includes(value));
  if (missing.length === 0) return text;
  const shown = values.filter((value) => value !== '').map((value) => `\`${value}\``);
  return `${text}${text === '' ? '' : '\n\n'}Possible values: ${shown.join(', ')}.`;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const typeProperties = {
  apiVersion: {
    type: 'string',
    description:
      'Group and version of the API that this object is written in, e.g. `apps/v1`; only the version in the core group. Fields that a version does not know are lost in it.',
  },
  kind: {
    type: 'string',
    description:
      'Kind of the object, in CamelCase and singular, e.g. `Deployment`. Together with `apiVersion` it says which fields there are; it cannot change.',
  },
};

/** The schema of one message. */
export function messageSchema(
  message: string,
  dialect: Dialect,
  texts: Descriptions,
  gvks: readonly GroupVersionKind[],
): Json {
  const description = texts[message]?.[0] ?? '';
  const special = specialSchemas[message];
  if (special !== undefined) return { description, ...special(dialect) };
  const properties: Json = {};
  const required: string[] = [];
  if (gvks.length > 0) Object.assign(properties, structuredClone(typeProperties));
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
  visit(message);
  const schema: Json = { description, type: 'object' };
  if (Object.keys(properties).length > 0)
    schema['properties'] = Object.fromEntries(
      Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  if (required.length > 0) schema['required'] = required;
  if (gvks.length > 0) schema['x-kubernetes-group-version-kind'] = gvks;
  if (isAtomicMessage(message)) schema['x-kubernetes-map-type'] = 'atomic';
  const union = unions[message];
  if (union !== undefined) {
    const { discriminator, fields } = union;
    schema['x-kubernetes-unions'] = [{ discriminator, 'fields-to-discriminateBy': fields }];
  }
  return schema;
}

/** Every message that can be reached from `roots`, they included. */
export function reachable(roots: Iterable<string>): string[] {
  const found = new Set<string>();
  const visit = (message: string) => {
    const schema = lookupSchema(message);
    if (schema === undefined || found.has(message)) return;
    found.add(message);
    if (specialSchemas[message] !== undefined) return;
    for (const field of schema.byJsonName.values()) {
      const next = referredTo(field);
      if (next !== undefined) visit(next);
    }
  };
  for (const root of roots) visit(root);
  return [...found].sort();
}
