import { deepEqual, isJsonObject } from '@drydock/base/apimachinery';
import { rootOf } from './paths.ts';
import type { Json } from './schemas.ts';

/** What an extension API server says of one group version that it answers for. */
export interface ExtensionApi {
  readonly group: string;
  readonly version: string;
  /** Its part of the server's OpenAPI v2 document: the paths of its group, and the definitions that they need. */
  readonly v2: Json | undefined;
  /** Its OpenAPI v3 document. */
  readonly v3: Json | undefined;
}

const v2Prefix = '#/definitions/';
const v3Prefix = '#/components/schemas/';

function objectAt(document: Json, key: string): Json {
  const value = document[key];
  return isJsonObject(value) ? value : {};
}

/** A copy in which every reference to a definition is what `rename` says. */
function withReferences(value: unknown, rename: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => withReferences(one, rename));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === '$ref' && typeof one === 'string' ? rename(one) : withReferences(one, rename),
    ]),
  );
}

function collectReferences(value: unknown, into: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collectReferences(one, into);
  else if (isJsonObject(value))
    for (const [key, one] of Object.entries(value)) {
      if (key === '$ref' && typeof one === 'string') {
        if (one.startsWith(v2Prefix)) into.add(one.slice(v2Prefix.length));
      } else collectReferences(one, into);
    }
}

/** The part of an OpenAPI v2 document that is about one group: the paths beneath it, and the definitions in reach of them; undefined where there is none. */
export function partOfGroup(document: Json, group: string): Json | undefined {
  const root = `/apis/${group}/`;
  const paths = Object.fromEntries(
    Object.entries(objectAt(document, 'paths')).filter(([path]) => path.startsWith(root)),
  );
  if (Object.keys(paths).length === 0) return undefined;
  const all = objectAt(document, 'definitions');
  const needed = new Set<string>();
  collectReferences(paths, needed);
  // A set yields what is added to it while it is walked.
  for (const name of needed) collectReferences(all[name], needed);
  const definitions = Object.fromEntries(Object.entries(all).filter(([name]) => needed.has(name)));
  return { swagger: document['swagger'], info: document['info'], paths, definitions };
}

/**
 * An OpenAPI v2 document with those of extension servers in it. Paths that are there already stay as they are; a definition
 * of a name that means something else here gets another name (`…_v2`), as kube-aggregator does it.
 */
export function mergeOpenApiV2(own: Json, others: readonly Json[]): Json {
  const paths: Json = { ...objectAt(own, 'paths') };
  const definitions: Json = { ...objectAt(own, 'definitions') };
  for (const other of others) {
    const renamed = new Map<string, string>();
    const theirs = objectAt(other, 'definitions');
    for (const [name, definition] of Object.entries(theirs)) {
      if (definitions[name] === undefined || deepEqual(definitions[name], definition)) continue;
      let number = 2;
      while (definitions[`${name}_v${number}`] !== undefined || theirs[`${name}_v${number}`] !== undefined)
        number++;
      renamed.set(name, `${name}_v${number}`);
    }
    const rename = (reference: string): string => {
      const name = reference.startsWith(v2Prefix) ? renamed.get(reference.slice(v2Prefix.length)) : undefined;
      return name === undefined ? reference : `${v2Prefix}${name}`;
    };
    for (const [name, definition] of Object.entries(theirs))
      definitions[renamed.get(name) ?? name] ??= withReferences(definition, rename);
    for (const [path, item] of Object.entries(objectAt(other, 'paths')))
      paths[path] ??= withReferences(item, rename);
  }
  return { ...own, paths, definitions };
}

const methods = new Set(['delete', 'get', 'head', 'options', 'patch', 'post', 'put']);
const jsonType = 'application/json';

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a parameter that is no body says of its value stands beside its name in v2, and in a schema of its own in v3. */
function parameterV3(parameter: Json): Json {
  const { name, in: place, description, required, ...schema } = parameter;
  return {
    name,
    in: place,
    ...(description === undefined ? {} : { description }),
    ...(required === undefined ? {} : { required }),
    schema,
  };
}

function contentV3(types: readonly unknown[], schema: unknown): Json {
  const named = types.filter((type) => typeof type === 'string' && type !== '*/*') as string[];
  return Object.fromEntries((named.length === 0 ? [jsonType] : named).map((type) => [type, { schema }]));
}

function operationV3(operation: Json, inherited: Json | undefined): Json {
  const { parameters, responses, consumes, produces, schemes: _schemes, ...rest } = operation;
  const given = listOf(parameters).filter(isJsonObject);
  const body = given.find((one) => one['in'] === 'body') ?? inherited;
  const others = given.filter((one) => one['in'] !== 'body');
  return {
    ...rest,
    ...(others.length === 0 ? {} : { parameters: others.map(parameterV3) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            ...(body['required'] === undefined ? {} : { required: body['required'] }),
            content: contentV3(listOf(consumes), body['schema']),
          },
        }),
    responses: mapValues(isJsonObject(responses) ? responses : {}, (response) => {
      const { schema, ...described } = response;
      return schema === undefined
        ? described
        : { ...described, content: contentV3(listOf(produces), schema) };
    }),
  };
}

function mapValues(value: Json, change: (one: Json) => unknown): Json {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, isJsonObject(one) ? change(one) : one]),
  );
}

/** The OpenAPI v3 document of a group version, made of the v2 document of a server that has no other. */
export function openApiV3Of(part: Json, group: string, version: string): Json {
  const root = `${rootOf(group, version)}/`;
  const own = Object.fromEntries(
    Object.entries(objectAt(part, 'paths')).filter(([path]) => path.startsWith(root)),
  );
  const definitions = partOfGroup({ ...part, paths: own }, group)?.['definitions'] ?? {};
  const rename = (reference: string): string =>
    reference.startsWith(v2Prefix) ? `${v3Prefix}${reference.slice(v2Prefix.length)}` : reference;
  const paths = mapValues(own, (item) => {
    const shared = listOf(item['parameters']).filter(isJsonObject);
    const body = shared.find((one) => one['in'] === 'body');
    return Object.fromEntries(
      Object.entries(item).map(([key, value]) => {
        if (key === 'parameters') return [key, shared.filter((one) => one !== body).map(parameterV3)];
        return [key, methods.has(key) && isJsonObject(value) ? operationV3(value, body) : value];
      }),
    );
  });
  return {
    openapi: '3.0.0',
    info: part['info'],
    paths: withReferences(paths, rename),
    components: { schemas: withReferences(definitions, rename) },
  };
}
