import type { FieldSet, PathStep } from './field-set.ts';
import { FieldSetBuilder, fieldStep, indexStep, keyStep, valueStep } from './field-set.ts';
import { getOwn, isJsonObject } from './json-value.ts';
import type { FieldSchema, MessageSchema, SchemaLookup } from './schema.ts';

/** Each field by itself; what is below follows its own declaration. */
function walkObject(
  at: FieldSetBuilder,
  object: object,
  schema: MessageSchema | undefined,
  lookup: SchemaLookup,
): void {
  for (const key of Object.keys(object)) {
    const value = getOwn(object, key);
    if (value === undefined) continue;
    const below = at.at(fieldStep(key));
    const field = schema?.byJsonName.get(key);
    if (isHollow(value)) below.add();
    if (field === undefined) walkUnknown(below, value);
    else walkField(below, value, field, lookup);
  }
}

/** Null and the empty object are owned themselves: there is nothing in them to own. */
function isHollow(value: unknown): boolean {
  return value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}

/** Without a schema every object's field is owned by itself and every list as a whole. */
function walkUnknown(at: FieldSetBuilder, value: unknown): void {
  at.add();
  if (isJsonObject(value)) walkObject(at, value, undefined, () => undefined);
}

function walkField(at: FieldSetBuilder, value: unknown, field: FieldSchema, lookup: SchemaLookup): void {
  if (field.repeated === true) {
    if (Array.isArray(value) && value.length > 0) walkList(at, value, field, lookup);
    else at.add();
  } else if (field.map === true) {
    if (isJsonObject(value) && field.mapType !== 'atomic') walkMap(at, value, field, lookup);
    else at.add();
  } else if (field.kind === 'message' && isJsonObject(value) && field.mapType !== 'atomic') {
    walkObject(at, value, messageOf(field, lookup), lookup);
  } else at.add();
}

function messageOf(field: FieldSchema, lookup: SchemaLookup): MessageSchema | undefined {
  return field.message === undefined ? undefined : lookup(field.message);
}

/** Each entry is owned by itself, and what is in it too. */
function walkMap(at: FieldSetBuilder, value: object, field: FieldSchema, lookup: SchemaLookup): void {
  for (const key of Object.keys(value)) {
    const below = at.at(fieldStep(key));
    below.add();
    const entry = getOwn(value, key);
    if (isJsonObject(entry) && field.kind === 'message')
      walkObject(below, entry, messageOf(field, lookup), lookup);
  }
}

function walkList(
  at: FieldSetBuilder,
  list: readonly unknown[],
  field: FieldSchema,
  lookup: SchemaLookup,
): void {
  const listType = field.listType ?? 'atomic';
  if (listType === 'atomic') {
    at.add();
    return;
  }
  const schema = messageOf(field, lookup);
  list.forEach((item, index) => {
    const below = at.at(listStep(item, index, field, schema));
    below.add();
    if (isJsonObject(item)) walkObject(below, item, schema, lookup);
  });
}

/** The step that names a list's element: its value in a set, its keys (or their defaults) in a list of objects. */
function listStep(
  item: unknown,
  index: number,
  field: FieldSchema,
  schema: MessageSchema | undefined,
): PathStep {
  if (field.listType === 'set') return valueStep(item);
  if (!isJsonObject(item)) return indexStep(index);
  const keys: Record<string, unknown> = {};
  for (const name of field.listMapKeys ?? []) {
    const value = getOwn(item, name) ?? schema?.byJsonName.get(name)?.default;
    if (value !== undefined) keys[name] = value;
  }
  return keyStep(keys);
}

/**
 * The fields that an object sets, as server-side apply counts them: leaves, entries of maps, elements of lists by key
 * or value, and atomic lists and maps as wholes.
 * @param message full name of the object's message; unknown to `lookup` every list is atomic
 */
export function fieldSetOfObject(object: object, lookup: SchemaLookup, message: string): FieldSet {
  const builder = new FieldSetBuilder();
  walkObject(builder, object, lookup(message), lookup);
  return builder.build();
}
