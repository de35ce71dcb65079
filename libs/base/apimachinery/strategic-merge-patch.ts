import { ApiError } from './api-error.ts';
import { badRequest, unprocessable } from './api-error-constructors.ts';
import { goValue } from './go-format.ts';
import { cloneJson, getOwn, isJsonObject, setOwn } from './json-value.ts';
import type { FieldSchema, MessageSchema, SchemaLookup } from './schema.ts';
import { arrange, mergeScalars, partition } from './strategic-merge-order.ts';

type JsonObject = Record<string, unknown>;

const directive = '$patch';
const retainKeysDirective = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/** How the lists and objects below one field merge. */
interface FieldMeta {
  /** Schema of the object, or of the list's elements; undefined where none is known: then nothing has a merge key. */
  readonly schema: MessageSchema | undefined;
  readonly strategy: string;
  readonly mergeKey: string;
}

const unknownField: FieldMeta = { schema: undefined, strategy: '', mergeKey: '' };

/** 400: the patch's directives are malformed. */
function badFormat(what: string): ApiError {
  return badRequest(`invalid patch format of ${what}`);
}

/** Kubernetes answers the text with a bare 500; here bad input is never taken for a failure of the server. */
function patchFailure(message: string): ApiError {
  return badRequest(message);
}

function noMergeKey(element: JsonObject, mergeKey: string): ApiError {
  return patchFailure(`map: ${goValue(element)} does not contain declared merge key: ${mergeKey}`);
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : typeof value;
}

function expectObject(value: unknown): JsonObject {
  if (isJsonObject(value)) return value;
  throw patchFailure(`expected a map[string]interface {}, but received a ${goType(value)}`);
}

function expectList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw patchFailure(`expected a []interface {}, but received a ${goType(value)}`);
}

function hasPrefix(key: string): boolean {
  return key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
}

/** Drops every object that carries a directive, and every null in objects: they mean nothing where nothing was. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (value[key] === null) continue;
    const kept = withoutDirectives(value[key]);
    if (kept !== undefined) setOwn(result, key, kept);
  }
  return result;
}

/** Merges in place into a private copy. */
class StrategicMerge {
  readonly #lookup: SchemaLookup;

  constructor(lookup: SchemaLookup) {
    this.#lookup = lookup;
  }

  /** `original` is changed and returned, unless a directive replaces it. `patch` must be private as well. */
  object(original: JsonObject, patch: JsonObject, schema: MessageSchema | undefined): JsonObject {
    if (Object.hasOwn(patch, directive)) {
      const { [directive]: kind, ...rest } = patch;
      if (kind === 'replace') return rest;
      if (kind === 'delete') return {};
      throw patchFailure(`unknown patch type: ${goValue(kind)} in map: ${goValue(patch)}`);
    }
    retainKeys(original, patch);
    for (const key of Object.keys(patch))
      if (key.startsWith(orderPrefix)) this.#ordered(original, patch, key, schema);
    for (const key of Object.keys(patch)) {
      if (key.startsWith(deletePrefix)) this.#deletion(original, key.slice(deletePrefix.length), patch[key]);
      else this.#field(original, key, patch[key], schema);
    }
    return original;
  }

  #meta(schema: MessageSchema | undefined, key: string): FieldMeta {
    const field: FieldSchema | undefined = schema?.byJsonName.get(key);
    if (field === undefined) return unknownField;
    const strategies = (field.patchStrategy ?? '').split(',').map((name) => name.trim());
    return {
      // A map's entries are its keys' own: no field of the value's message applies to the map itself.
      schema: field.message === undefined || field.map === true ? undefined : this.#lookup(field.message),
      strategy: strategies.find((name) => name !== '' && name !== 'retainKeys') ?? '',
      mergeKey: field.patchMergeKey ?? '',
    };
  }

  #field(original: JsonObject, key: string, value: unknown, schema: MessageSchema | undefined): void {
    if (value === undefined) return;
    if (value === null) {
      if (Object.hasOwn(original, key)) delete original[key];
      return;
    }
    const current = getOwn(original, key);
    if (isJsonObject(current) && isJsonObject(value)) {
      const meta = this.#meta(schema, key);
      setOwn(original, key, meta.strategy === 'replace' ? value : this.object(current, value, meta.schema));
    } else if (Array.isArray(current) && Array.isArray(value)) {
      setOwn(original, key, this.#list(current, value, this.#meta(schema, key)));
    } else {
      const kept = withoutDirectives(value);
      if (kept !== undefined) setOwn(original, key, kept);
      else if (Object.hasOwn(original, key)) delete original[key];
    }
  }

  #deletion(original: JsonObject, key: string, value: unknown): void {
    if (value === null) throw badFormat('primitive list');
    const current = getOwn(original, key);
    if (current === undefined || current === null) return;
    const gone = new Set(expectList(value));
    setOwn(
      original,
      key,
      expectList(current).filter((item) => !gone.has(item)),
    );
  }

  #list(original: unknown[], patch: unknown[], meta: FieldMeta): unknown[] {
    if (meta.strategy !== 'merge') return patch;
    if (original.length === 0 && patch.length === 0) return original;
    const elementsAreObjects = checkElements(original, patch);
    if (!elementsAreObjects) {
      const merged = mergeScalars(original, patch);
      return arrange(partition(merged, patch, ''), patch, original, '');
    }
    if (meta.mergeKey === '') {
      throw patchFailure(
        `cannot merge lists without merge key for ${meta.schema === undefined ? 'map' : 'struct'}`,
      );
    }
    return this.#listOfObjects(original as JsonObject[], patch as JsonObject[], meta);
  }

  #listOfObjects(original: JsonObject[], patch: JsonObject[], { schema, mergeKey }: FieldMeta): JsonObject[] {
    const plain: JsonObject[] = [];
    let base = original;
    let replaced = false;
    for (const element of patch) {
      if (!Object.hasOwn(element, directive)) plain.push(element);
      else if (element[directive] === 'replace') replaced = true;
      else if (element[directive] === 'delete') {
        if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
        base = base.filter((item) => !sameKey(item, element, mergeKey));
      } else if (element[directive] === 'merge') {
        throw patchFailure('merging lists cannot yet be specified in the patch');
      } else
        throw patchFailure(`unknown patch type: ${goValue(element[directive])} in map: ${goValue(element)}`);
    }
    if (replaced) return plain;
    const merged = [...base];
    for (const element of plain) {
      if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
      const position = merged.findIndex((item) => sameKey(item, element, mergeKey));
      const found = merged[position];
      if (found === undefined) merged.push(withoutDirectives(element) as JsonObject);
      else merged[position] = this.object(found, element, schema);
    }
    for (const item of merged) if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
    return arrange(partition(merged, plain, mergeKey), plain, base, mergeKey);
  }

  /** `$setElementOrder/x`: merges the list `x` of the patch now, and puts the result in the order that was asked for. */
  #ordered(
    original: JsonObject,
    patch: JsonObject,
    directiveKey: string,
    schema: MessageSchema | undefined,
  ): void {
    const order = expectList(patch[directiveKey]);
    const key = directiveKey.slice(orderPrefix.length);
    delete patch[directiveKey];
    const meta = this.#meta(schema, key);
    const hadOriginal = Object.hasOwn(original, key) && original[key] !== null;
    const inPatch = Object.hasOwn(patch, key);
    if (inPatch && patch[key] === null) return;
    const before = hadOriginal ? expectList(original[key]) : [];
    const change = inPatch ? expectList(patch[key]) : [];
    if (!hadOriginal && !inPatch) return;
    if (inPatch) checkOrder(change, order, meta.mergeKey);
    const kept = placesAfter(before, inPatch ? change : [], meta.mergeKey);
    let merged: unknown[] = before;
    if (inPatch)
      merged = hadOriginal ? this.#list(before, change, meta) : (withoutDirectives(change) as unknown[]);
    delete patch[key];
    setOwn(original, key, merged);
    if (merged.length === 0) return;
    if (meta.mergeKey !== '') {
      for (const item of [...merged, ...order]) {
        const element = expectObject(item);
        if (!Object.hasOwn(element, meta.mergeKey)) throw noMergeKey(element, meta.mergeKey);
      }
    }
    setOwn(original, key, arrange(partition(merged, order, meta.mergeKey), order, kept, meta.mergeKey));
  }
}

function sameKey(a: unknown, b: unknown, mergeKey: string): boolean {
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  return Object.hasOwn(a, mergeKey) && a[mergeKey] === b[mergeKey];
}

/**
 * The order that Kubernetes then takes for the server's: elements that the patch deletes close up, and new ones take the
 * places that fall free at the end.
 */
function placesAfter(before: readonly unknown[], change: readonly unknown[], mergeKey: string): unknown[] {
  const places = [...before];
  if (mergeKey === '') return places;
  let held = places.length;
  for (const element of change) {
    if (!isJsonObject(element) || element[directive] !== 'delete') continue;
    for (let index = 0; index < held;) {
      if (sameKey(places[index], element, mergeKey)) places.copyWithin(index, index + 1, held--);
      else index += 1;
    }
  }
  for (const element of change) {
    if (held === places.length) break;
    if (!isJsonObject(element) || Object.hasOwn(element, directive)) continue;
    if (!places.slice(0, held).some((place) => sameKey(place, element, mergeKey))) places[held++] = element;
  }
  return places;
}

/** Whether the lists hold objects; all elements must be of one type. */
function checkElements(...lists: unknown[][]): boolean {
  const types = new Set(
    lists.flat().map((item) => (Array.isArray(item) ? 'list' : item === null ? 'null' : typeof item)),
  );
  if (types.has('list'))
    throw new ApiError(unprocessable().status, new Error('lists of lists are not supported'));
  if (types.size > 1) throw patchFailure(`list element types are not identical: ${goValue(lists)}`);
  return types.has('object');
}

/** The patch's own elements must come in the order that the patch asks for. */
function checkOrder(patch: unknown[], order: unknown[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = patch.filter((item) => !(isJsonObject(item) && Object.hasOwn(item, directive)));
  let next = 0;
  for (const wanted of order) {
    const item = items[next];
    if (next >= items.length) return;
    if (mergeKey === '') {
      if (item === wanted) next += 1;
      continue;
    }
    const element = expectObject(item);
    if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
    if (!Object.hasOwn(expectObject(wanted), mergeKey)) throw noMergeKey(expectObject(wanted), mergeKey);
    if (sameKey(element, wanted, mergeKey)) next += 1;
  }
  if (next < items.length) {
    throw patchFailure(
      `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
    );
  }
}

function retainKeys(original: JsonObject, patch: JsonObject): void {
  if (!Object.hasOwn(patch, retainKeysDirective)) return;
  const kept = patch[retainKeysDirective];
  delete patch[retainKeysDirective];
  if (!Array.isArray(kept)) throw badFormat('retainKeys');
  for (const key of Object.keys(patch)) {
    if (patch[key] !== null && !hasPrefix(key) && !kept.includes(key)) throw badFormat('retainKeys');
  }
  for (const key of Object.keys(original)) if (!kept.includes(key)) delete original[key];
}

/**
 * Applies a strategic merge patch and returns the new object; `original` and `patch` stay as they are.
 * @param lookup finds the schema that says how lists merge
 * @param message full name of the object's message, e.g. `k8s.io.api.apps.v1.Deployment`
 * @throws ApiError in Kubernetes' words and codes; a message unknown to `lookup` gives 400
 */
export function applyStrategicMergePatch<T = unknown>(
  original: T,
  patch: unknown,
  lookup: SchemaLookup,
  message: string,
): T {
  if (!isJsonObject(patch)) throw badRequest('invalid JSON document');
  const schema = lookup(message);
  if (schema === undefined) throw badRequest('strategic merge patch format is not supported');
  const base = isJsonObject(original) ? cloneJson(original) : {};
  return new StrategicMerge(lookup).object(base, cloneJson(patch), schema) as T;
}
