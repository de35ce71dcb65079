import { cloneJson, getOwn, isJsonObject } from '@drydock/base/apimachinery';
import { validateShape } from '@drydock/api/validation';
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  type JsonSchema,
} from './schema.ts';

type Json = Record<string, unknown>;

/** Collects the paths of dropped fields; undefined when nobody asks. */
export type UnknownFields = string[] | undefined;

/** A value in an embedded object's metadata that cannot be. */
export interface ShapeProblem {
  readonly path: string;
  readonly value: unknown;
  readonly detail: string;
}

interface Shape {
  readonly properties: ReadonlyMap<string, Shape>;
  readonly items: Shape | undefined;
  readonly additional: Shape | true | undefined;
  /** Unknown fields stay. */
  readonly preserves: boolean;
  readonly embedded: boolean;
  readonly nullable: boolean;
  /** Properties with a default. */
  readonly defaults: readonly (readonly [name: string, value: unknown])[];
  readonly hasDefault: boolean;
  readonly default: unknown;
  /** Nothing beneath can be pruned, defaulted or coerced: there is no need to look. */
  readonly leaf: boolean;
}

const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);
const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';

function compile(schema: JsonSchema): Shape {
  const additional = additionalOf(schema);
  const properties = new Map(propertiesOf(schema).map(([name, below]) => [name, compile(below)]));
  const items = itemsOf(schema);
  const container = schema.type === 'object' || schema.type === 'array';
  return {
    properties,
    items: items === undefined ? undefined : compile(items),
    additional: typeof additional === 'object' ? compile(additional) : additional === true ? true : undefined,
    preserves: preservesUnknown(schema),
    embedded: isEmbedded(schema),
    nullable: schema.nullable === true,
    defaults: [...properties]
      .filter(([, shape]) => shape.hasDefault)
      .map(([name, { default: value }]) => [name, value]),
    hasDefault: schema.default !== undefined && schema.default !== null,
    default: schema.default,
    leaf: !container && (schema.type !== undefined || isIntOrString(schema)) && !preservesUnknown(schema),
  };
}

interface Walk {
  readonly unknown: UnknownFields;
  /** Of the metadata of embedded objects: Kubernetes looks at them after it has pruned, and tells them last. */
  readonly unknownMeta: UnknownFields;
  problem: ShapeProblem | undefined;
}

/** Whether the value is a null that the schema does not allow: it counts as absent. */
function isStrayNull(value: unknown, shape: Shape | true | undefined): boolean {
  return value === null && typeof shape === 'object' && !shape.nullable;
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function embeddedMeta(walk: Walk, object: Json, path: string): void {
  for (const name of ['apiVersion', 'kind']) {
    const value = getOwn(object, name);
    if (value !== undefined && typeof value !== 'string')
      walk.problem ??= { path: below(path, name), value, detail: 'must be a string' };
  }
  const metadata = getOwn(object, 'metadata');
  if (metadata === undefined) return;
  if (!isJsonObject(metadata)) {
    walk.problem ??= {
      path: below(path, 'metadata'),
      value: metadata,
      detail: `json: cannot unmarshal ${Array.isArray(metadata) ? 'array' : typeof metadata} into Go value of type v1.ObjectMeta`,
    };
    return;
  }
  const report = validateShape(objectMeta, metadata);
  if (report.error !== undefined)
    walk.problem ??= { path: below(path, 'metadata'), value: metadata, detail: report.error };
  for (const one of report.unknown) walk.unknownMeta?.push(`${below(path, 'metadata')}.${one}`);
}

function walkObject(walk: Walk, object: Json, shape: Shape, path: string, root: boolean): void {
  if (shape.embedded) embeddedMeta(walk, object, path);
  for (const key in object) {
    if ((root || shape.embedded) && metaFields.has(key)) continue;
    const known = shape.properties.get(key);
    const value = object[key];
    if (known === undefined) {
      const { additional } = shape;
      if (additional === undefined) {
        if (shape.preserves) continue;
        walk.unknown?.push(below(path, key));
        Reflect.deleteProperty(object, key);
      } else if (additional === true) {
        // A schema-less map keeps its keys and, as nothing is known of them, no field beneath.
        if (typeof value === 'object' && value !== null && !shape.preserves)
          pruneAll(walk, value, below(path, key));
      } else if (isStrayNull(value, additional)) {
        if (additional.hasDefault) object[key] = cloneJson(additional.default);
        else Reflect.deleteProperty(object, key);
      } else if (!additional.leaf) walkValue(walk, value, additional, below(path, key));
      continue;
    }
    if (typeof value === 'object') {
      if (value === null) {
        if (!known.nullable) Reflect.deleteProperty(object, key);
      } else if (!known.leaf) walkValue(walk, value, known, below(path, key));
    }
  }
  for (const [name, value] of shape.defaults) {
    if (Object.hasOwn(object, name)) continue;
    const filled = typeof value === 'object' ? cloneJson(value) : value;
    object[name] = filled;
    if (typeof filled === 'object') walkValue(walk, filled, shape.properties.get(name)!, below(path, name));
  }
}

function walkList(
  walk: Walk,
  list: unknown[],
  items: Shape | undefined,
  path: string,
  preserves: boolean,
): void {
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
    if (items === undefined) {
      if (!preserves && typeof value === 'object' && value !== null)
        pruneAll(walk, value, `${path}[${index}]`);
    } else if (value === null) {
      if (!items.nullable && items.hasDefault) list[index] = cloneJson(items.default);
    } else if (typeof value === 'object' && !items.leaf) walkValue(walk, value, items, `${path}[${index}]`);
  }
}

function walkValue(walk: Walk, value: unknown, shape: Shape, path: string): void {
  if (Array.isArray(value)) walkList(walk, value, shape.items, path, shape.preserves);
  else if (isJsonObject(value)) walkObject(walk, value, shape, path, false);
}

/** No schema at all: lists stay, fields go. */
function pruneAll(walk: Walk, value: object, path: string): void {
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      if (typeof item === 'object' && item !== null) pruneAll(walk, item, `${path}[${index}]`);
    });
    return;
  }
  for (const key of Object.keys(value)) {
    walk.unknown?.push(below(path, key));
    Reflect.deleteProperty(value, key);
  }
}

/** Prunes and fills objects as one schema says. */
export interface Shaper {
  /**
   * Drops unknown fields and stray nulls, fills in defaults, in place. apiVersion, kind and metadata of the root are left
   * alone. Paths of what was dropped are added to `unknown`: fields, then fields of embedded metadata, each sorted. Returns
   * what cannot be right in an embedded object.
   */
  shape(object: object, unknown?: string[]): ShapeProblem | undefined;
}

/** Compiles a structural schema once; `shape` is then a walk along the object. */
export function compileShaper(schema: JsonSchema): Shaper {
  const root = compile(schema);
  return {
    shape(object, unknown) {
      const walk: Walk =
        unknown === undefined
          ? { unknown, unknownMeta: undefined, problem: undefined }
          : { unknown: [], unknownMeta: [], problem: undefined };
      walkObject(walk, object as Json, root, '', true);
      if (walk.unknown !== undefined && walk.unknownMeta !== undefined)
        unknown?.push(...walk.unknown.sort(), ...walk.unknownMeta.sort());
      return walk.problem;
    },
  };
}

/** What pruning would take from a default value; for the checks of a definition. */
export function unknownFieldsOf(schema: JsonSchema, value: unknown): string[] {
  const unknown: string[] = [];
  const copy = cloneJson(value);
  const bare: JsonSchema = { ...schema };
  delete bare.default;
  walkValue({ unknown, unknownMeta: unknown, problem: undefined }, copy, compile(bare), '');
  return unknown;
}
