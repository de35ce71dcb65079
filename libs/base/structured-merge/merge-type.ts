import type { FieldSchema, MessageSchema, PathStep, SchemaLookup } from '../apimachinery/index.ts';
import { isJsonObject, keyStep, valueStep } from '../apimachinery/index.ts';

/** How server-side apply sees a place of an object: what is owned as a whole, and what piece by piece. */
export type MergeType = LeafType | MapType | ListType | AnyType;

/** Owned as a whole: a scalar, an atomic list or map. */
export interface LeafType {
  readonly kind: 'leaf';
  /** What a scalar must be; undefined: anything. */
  readonly scalar?: 'numeric' | 'string' | 'boolean' | undefined;
}

/** Each field or entry has its owner. */
export interface MapType {
  readonly kind: 'map';
  /** The type of a declared field. */
  field(name: string): MergeType | undefined;
  /** The type of entries that are no declared fields; undefined where there can be none. */
  readonly element: MergeType | undefined;
  /** Pieces that are there even in an object in which nothing is set: Kubernetes' structs that are no pointers. */
  readonly always?: readonly string[] | undefined;
}

/** Each element has its owner; it is told apart by its value or its keys. */
export interface ListType {
  readonly kind: 'list';
  readonly element: MergeType;
  /**
   * The element's step in a path.
   * @throws Error telling why the element cannot be told apart
   */
  step(item: unknown): PathStep;
}

/** Not declared: maps are owned by entry, lists and scalars as wholes. */
export interface AnyType {
  readonly kind: 'any';
}

export const leafType: LeafType = { kind: 'leaf' };
export const anyType: AnyType = { kind: 'any' };
const numericType: LeafType = { kind: 'leaf', scalar: 'numeric' };
const stringType: LeafType = { kind: 'leaf', scalar: 'string' };
const booleanType: LeafType = { kind: 'leaf', scalar: 'boolean' };

const noField = (): undefined => undefined;
const deducedMap: MapType = { kind: 'map', field: noField, element: anyType };

/** The type as which `value` is treated; where `type` does not say, the value does. */
export function settledType(type: MergeType, value: unknown): LeafType | MapType | ListType {
  if (type.kind === 'any') return isJsonObject(value) ? deducedMap : leafType;
  if (type.kind === 'map' && !isJsonObject(value)) return leafType;
  if (type.kind === 'list' && !Array.isArray(value)) return leafType;
  return type;
}

const maxKnownSteps = 128;

/** Elements of objects that are told apart by these keys; `defaults` stand for keys that are left out. */
export function keyedListType(
  keys: readonly string[],
  element: MergeType,
  defaults: Readonly<Record<string, unknown>> = {},
): ListType {
  const [only] = keys.length === 1 ? keys : [];
  /** Steps of lists with one key, by its value: the same names and types come again and again. */
  const known = new Map<string, PathStep>();
  function stepOf(key: string, value: string): PathStep {
    let step = known.get(value);
    if (step === undefined) {
      step = keyStep({ [key]: value });
      if (known.size >= maxKnownSteps) known.clear();
      known.set(value, step);
    }
    return step;
  }
  return {
    kind: 'list',
    element,
    step(item) {
      if (!isJsonObject(item)) throw new Error('associative list with keys may not have non-map elements');
      if (only !== undefined && Object.hasOwn(item, only)) {
        const value = item[only];
        if (typeof value === 'string') return stepOf(only, value);
      }
      const found: Record<string, unknown> = {};
      for (const key of keys) {
        const value = Object.hasOwn(item, key) ? item[key] : undefined;
        const used = value ?? defaults[key];
        if (used !== undefined && used !== null) found[key] = used;
        else if (keys.length === 1)
          throw new Error(
            `associative list with keys has an element that omits key field ${JSON.stringify(key)} (and doesn't have default value)`,
          );
      }
      return keyStep(found);
    },
  };
}

export function setListType(element: MergeType): ListType {
  return {
    kind: 'list',
    element,
    step(item) {
      if (item === null || typeof item === 'object') throw new Error('set elements must be scalars');
      return valueStep(item);
    },
  };
}

/** Message types by lookup and name: they are recursive, and asked for with every write. */
const messageTypes = new WeakMap<SchemaLookup, Map<string, MergeType>>();

/** The type of a message of the API schema; unknown messages are not declared. */
export function messageMergeType(lookup: SchemaLookup, message: string): MergeType {
  let known = messageTypes.get(lookup);
  if (known === undefined) messageTypes.set(lookup, (known = new Map()));
  let type = known.get(message);
  if (type === undefined) {
    const schema = lookup(message);
    type = schema === undefined ? anyType : structType(schema, lookup);
    known.set(message, type);
  }
  return type;
}

const objectTypes = new WeakMap<SchemaLookup, Map<string, MergeType>>();

/** The type of whole objects of a kind: its message, with `apiVersion` and `kind`. */
export function objectMergeType(lookup: SchemaLookup, message: string): MergeType {
  let known = objectTypes.get(lookup);
  if (known === undefined) objectTypes.set(lookup, (known = new Map()));
  let type = known.get(message);
  if (type === undefined) {
    const inner = messageMergeType(lookup, message);
    type =
      inner.kind !== 'map'
        ? inner
        : {
            ...inner,
            field: (name) => (name === 'apiVersion' || name === 'kind' ? stringType : inner.field(name)),
          };
    known.set(message, type);
  }
  return type;
}

function structType(schema: MessageSchema, lookup: SchemaLookup): MapType {
  const fields = new Map<string, MergeType>();
  const always: string[] = [];
  for (const field of schema.byJsonName.values()) {
    const single = field.kind === 'message' && field.repeated !== true && field.map !== true;
    if (single && (field.struct === true || field.always === true)) always.push(field.name);
  }
  return {
    kind: 'map',
    element: undefined,
    always: always.length === 0 ? undefined : always,
    field(name) {
      let type = fields.get(name);
      if (type !== undefined) return type;
      const field = schema.byJsonName.get(name);
      if (field === undefined) return undefined;
      type = fieldType(field, lookup);
      fields.set(name, type);
      return type;
    },
  };
}

function fieldType(field: FieldSchema, lookup: SchemaLookup): MergeType {
  const element = elementType(field, lookup);
  if (field.repeated === true) {
    if (field.listType === 'set') return setListType(element);
    if (field.listType !== 'map') return leafType;
    const schema = field.message === undefined ? undefined : lookup(field.message);
    const defaults: Record<string, unknown> = {};
    for (const key of field.listMapKeys ?? []) {
      const value = schema?.byJsonName.get(key)?.default;
      if (value !== undefined) defaults[key] = value;
    }
    return keyedListType(field.listMapKeys ?? [], element, defaults);
  }
  if (field.mapType === 'atomic') return leafType;
  if (field.map === true) return { kind: 'map', field: noField, element };
  return element;
}

function elementType(field: FieldSchema, lookup: SchemaLookup): MergeType {
  if (field.kind === 'message') {
    if (field.atomic === true) return leafType;
    return field.message === undefined ? anyType : messageMergeType(lookup, field.message);
  }
  switch (field.kind) {
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
    case 'duration':
      return stringType;
    case 'bool':
      return booleanType;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return numericType;
    default:
      return leafType;
  }
}

/** What is read of an OpenAPI schema, as a CustomResourceDefinition has it. */
export interface OpenApiSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly items?: OpenApiSchema | readonly OpenApiSchema[];
  readonly default?: unknown;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
}

/** The type of a custom resource: its structural schema, with Kubernetes' own fields around it. */
export function structuralMergeType(
  schema: OpenApiSchema | undefined,
  lookup: SchemaLookup,
  metadata: string,
): MergeType {
  return resourceType(
    schema === undefined ? anyType : openApiType(schema, lookup, metadata),
    lookup,
    metadata,
  );
}

/** A type with `apiVersion`, `kind` and `metadata` as every object has them. */
function resourceType(type: MergeType, lookup: SchemaLookup, metadata: string): MergeType {
  return {
    kind: 'map',
    element: type.kind === 'map' ? type.element : anyType,
    field(name) {
      if (name === 'metadata') return messageMergeType(lookup, metadata);
      if (name === 'apiVersion' || name === 'kind') return leafType;
      return type.kind === 'map' ? type.field(name) : undefined;
    },
  };
}

function openApiType(schema: OpenApiSchema, lookup: SchemaLookup, metadata: string): MergeType {
  const type = plainOpenApiType(schema, lookup, metadata);
  return schema['x-kubernetes-embedded-resource'] === true ? resourceType(type, lookup, metadata) : type;
}

function plainOpenApiType(schema: OpenApiSchema, lookup: SchemaLookup, metadata: string): MergeType {
  if (schema.type === 'array') {
    const items = schema.items;
    const listType = schema['x-kubernetes-list-type'];
    if (items === undefined || Array.isArray(items)) return leafType;
    const itemSchema = items as OpenApiSchema;
    if (listType === 'set') return setListType(leafType);
    if (listType !== 'map') return leafType;
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    const defaults: Record<string, unknown> = {};
    for (const key of keys) {
      const value = itemSchema.properties?.[key]?.default;
      if (value !== undefined) defaults[key] = value;
    }
    return keyedListType(keys, openApiType(itemSchema, lookup, metadata), defaults);
  }
  const { properties, additionalProperties } = schema;
  if (schema.type !== 'object' && properties === undefined && additionalProperties === undefined) {
    if (schema['x-kubernetes-preserve-unknown-fields'] === true) return anyType;
    if (schema.type === 'string') return stringType;
    if (schema.type === 'boolean') return booleanType;
    return schema.type === 'integer' || schema.type === 'number' ? numericType : leafType;
  }
  if (schema['x-kubernetes-map-type'] === 'atomic') return leafType;
  const fields = new Map<string, MergeType>();
  for (const [name, property] of Object.entries(properties ?? {}))
    fields.set(name, openApiType(property, lookup, metadata));
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true;
  const element = isJsonObject(additionalProperties)
    ? openApiType(additionalProperties as OpenApiSchema, lookup, metadata)
    : open || schema['x-kubernetes-embedded-resource'] === true
      ? anyType
      : undefined;
  return { kind: 'map', field: (name) => fields.get(name), element };
}

/** The type below a step of a path. */
export function typeBelow(type: MergeType, step: PathStep): MergeType {
  if (type.kind === 'list') return type.element;
  if (type.kind === 'map' && step.startsWith('f:'))
    return type.field(step.slice(2)) ?? type.element ?? anyType;
  return anyType;
}
