import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  deepEqual,
  forbiddenField,
  formatFieldError,
  invalidValue,
  required,
} from '@drydock/base/apimachinery';
import { compileGoRegexp } from '../go-regexp/index.ts';
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  type JsonSchema,
} from './schema.ts';

type Level = 'root' | 'item' | 'field';

const missingType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
const intOrString = [{ type: 'integer' }, { type: 'string' }];

function isIntOrStringPair(branches: readonly JsonSchema[] | undefined): boolean {
  return deepEqual(branches, intOrString);
}

/** Value validations: what may stand in the logical branches of a structural schema, and patterns. */
function valueErrors(
  schema: JsonSchema,
  where: FieldPath,
  skipAnyOf: boolean,
  skipFirstAllOf: boolean,
  rulesAllowed: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!skipAnyOf) {
    schema.anyOf?.forEach((branch, index) => {
      errors.push(...branchErrors(branch, where.child('anyOf').index(index), false, false));
    });
  }
  schema.allOf?.forEach((branch, index) => {
    const skip = skipFirstAllOf && index === 0;
    errors.push(...branchErrors(branch, where.child('allOf').index(index), skip, rulesAllowed));
  });
  schema.oneOf?.forEach((branch, index) => {
    errors.push(...branchErrors(branch, where.child('oneOf').index(index), false, false));
  });
  if (schema.not !== undefined) errors.push(...branchErrors(schema.not, where.child('not'), false, false));
  const { pattern } = schema;
  if (pattern !== undefined && pattern !== '') {
    try {
      compileGoRegexp(pattern);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const detail = `must be a valid regular expression, but isn't: ${why}`;
      errors.push(invalidValue(where.child('pattern'), pattern, detail));
    }
  }
  return errors;
}

const mustBeFalse = [
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
] as const;

function branchErrors(
  schema: JsonSchema,
  where: FieldPath,
  skipAnyOf: boolean,
  rulesAllowed: boolean,
): FieldError[] {
  const errors = valueErrors(schema, where, skipAnyOf, false, rulesAllowed);
  const forbid = (name: string, detail: string) => {
    errors.push(forbiddenField(where.child(name), `${detail} to be structural`));
  };
  const items = itemsOf(schema);
  if (items !== undefined) errors.push(...branchErrors(items, where.child('items'), false, rulesAllowed));
  for (const [name, below] of propertiesOf(schema))
    errors.push(...branchErrors(below, where.child('properties').key(name), false, rulesAllowed));
  if ((schema.type ?? '') !== '') forbid('type', 'must be empty');
  if (additionalOf(schema) !== undefined) forbid('additionalProperties', 'must be undefined');
  if (schema.default !== undefined && schema.default !== null) forbid('default', 'must be undefined');
  if ((schema.title ?? '') !== '') forbid('title', 'must be empty');
  if ((schema.description ?? '') !== '') forbid('description', 'must be empty');
  if (schema.nullable === true) forbid('nullable', 'must be false');
  for (const name of mustBeFalse) if (schema[name] === true) forbid(name, 'must be false');
  if ((schema['x-kubernetes-list-map-keys'] ?? []).length > 0)
    forbid('x-kubernetes-list-map-keys', 'must be empty');
  for (const name of ['x-kubernetes-list-type', 'x-kubernetes-map-type'] as const)
    if (schema[name] !== undefined) forbid(name, 'must be undefined');
  if ((schema['x-kubernetes-validations'] ?? []).length > 0 && !rulesAllowed)
    forbid('x-kubernetes-validations', 'must be empty');
  if (Object.hasOwn(schema.properties ?? {}, 'metadata')) {
    const at = where.child('properties').key('metadata');
    errors.push(forbiddenField(at, 'must not be specified in a nested context'));
  }
  return errors;
}

function metadataErrors(schema: JsonSchema, where: FieldPath, checked: boolean, level: Level): FieldError[] {
  const errors: FieldError[] = [];
  if (checked && schema.type !== 'object')
    errors.push(invalidValue(where.child('type'), schema.type ?? '', 'must be object'));
  if (level !== 'root') return errors;
  const { properties = {}, ...rest } = schema;
  const names = Object.keys(properties);
  const onlyNames = names.every((name) => name === 'name' || name === 'generateName');
  const structural = Object.entries(rest).filter(
    ([key, value]) =>
      !['type', 'default', 'description'].includes(key) && value !== undefined && value !== false,
  );
  if (!onlyNames || structural.length > 0 || (schema.description ?? '') !== '') {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(forbiddenField(where, detail));
  }
  return errors;
}

function typeErrors(schema: JsonSchema, where: FieldPath, level: Level): FieldError[] {
  const at = where.child('type');
  const type = schema.type ?? '';
  const errors: FieldError[] = [];
  if (isEmbedded(schema) && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(at, detail) : invalidValue(at, type, detail));
  } else if (type === '' && !isIntOrString(schema) && !preservesUnknown(schema))
    errors.push(required(at, missingType[level]));
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalidValue(at, type, 'must be object at the root'));
  return errors;
}

function extensionErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  if (!isIntOrString(schema)) return [];
  const detail = 'must be false if x-kubernetes-int-or-string is true';
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name] === true)
    .map((name) => invalidValue(where.child(name), true, detail));
}

function invariants(schema: JsonSchema, where: FieldPath, level: Level): FieldError[] {
  const errors: FieldError[] = [];
  const items = itemsOf(schema);
  if (schema.type === 'array' && items === undefined)
    errors.push(required(where.child('items'), 'must be specified'));
  if (items !== undefined) errors.push(...invariants(items, where.child('items'), 'item'));
  for (const [name, below] of propertiesOf(schema))
    errors.push(...invariants(below, where.child('properties').key(name), 'field'));
  const additional = additionalOf(schema);
  const atAdditional = where.child('additionalProperties');
  if (additional !== undefined) {
    if (level === 'root') errors.push(forbiddenField(atAdditional, 'must not be used at the root'));
    if (typeof additional === 'object') errors.push(...invariants(additional, atAdditional, 'field'));
    if (isEmbedded(schema)) {
      const detail = 'must not be used if x-kubernetes-embedded-resource is set';
      errors.push(forbiddenField(atAdditional, detail));
    }
  }
  const skipAnyOf = isIntOrStringPair(schema.anyOf);
  const skipAllOf = isIntOrStringPair(schema.allOf?.[0]?.anyOf);
  errors.push(
    ...extensionErrors(schema, where),
    ...valueErrors(schema, where, skipAnyOf, skipAllOf, false),
    ...typeErrors(schema, where, level),
  );
  const checked = level === 'root' || isEmbedded(schema);
  for (const name of ['kind', 'apiVersion']) {
    const field = schema.properties?.[name];
    if (checked && field !== undefined && field.type !== 'string') {
      const at = where.child('properties').key(name).child('type');
      errors.push(invalidValue(at, field.type ?? '', 'must be string'));
    }
  }
  const metadata = schema.properties?.['metadata'];
  if (metadata !== undefined)
    errors.push(...metadataErrors(metadata, where.child('properties').key('metadata'), checked, level));
  if (isEmbedded(schema) && !preservesUnknown(schema) && propertiesOf(schema).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(required(where.child('properties'), detail));
  }
  return errors;
}

/** Every field that a logical branch speaks of must be specified outside of it, too. */
function completeness(
  schema: JsonSchema,
  outer: JsonSchema | undefined,
  where: FieldPath,
  branch: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const branches: [JsonSchema, FieldPath][] = [
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
      (schema[name] ?? []).map((one, index): [JsonSchema, FieldPath] => [
        one,
        branch.child(name).index(index),
      ]),
    ),
  ];
  if (schema.not !== undefined) branches.push([schema.not, branch.child('not')]);
  for (const [below, at] of branches) errors.push(...nestedCompleteness(below, outer, where, at));
  return errors;
}

function nestedCompleteness(
  schema: JsonSchema,
  outer: JsonSchema | undefined,
  where: FieldPath,
  branch: FieldPath,
): FieldError[] {
  const because = (at: FieldPath) => `because it is defined in ${String(at)}`;
  const errors = completeness(schema, outer, where, branch);
  const items = itemsOf(schema);
  const outerItems = outer === undefined ? undefined : itemsOf(outer);
  if (items !== undefined) {
    const at = branch.child('items');
    if (outerItems === undefined) errors.push(required(where.child('items'), because(at)));
    else errors.push(...nestedCompleteness(items, outerItems, where.child('items'), at));
  }
  for (const [name, below] of propertiesOf(schema)) {
    const at = branch.child('properties').key(name);
    const known = outer?.properties?.[name];
    if (known !== undefined)
      errors.push(...nestedCompleteness(below, known, where.child('properties').key(name), at));
    else errors.push(required(where.child('properties').key(name), because(at)));
  }
  return errors;
}

/** Why a schema is not structural, in the order of the messages. */
export function structuralErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const errors = [...invariants(schema, where, 'root'), ...completeness(schema, schema, where, where)];
  return errors
    .map((error) => ({ error, text: formatFieldError(error) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ error }) => error);
}
