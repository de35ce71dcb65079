import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { forbiddenField, invalidValue, notSupported, required } from '@drydock/base/apimachinery';
import { itemsOf, type JsonSchema } from './schema.ts';

const listTypes = ['atomic', 'set', 'map'];

function typeErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined) return [];
  const errors: FieldError[] = [];
  const type = schema.type ?? '';
  const items = itemsOf(schema);
  if (type !== 'array') {
    const detail = 'must be array if x-kubernetes-list-type is specified';
    const at = where.child('type');
    errors.push(type === '' ? required(at, detail) : invalidValue(at, type, detail));
  } else if (listType === 'set' && items !== undefined) {
    const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const inner = items['x-kubernetes-list-type'];
    if (items.type === 'array' && inner !== undefined && inner !== 'atomic')
      errors.push(invalidValue(where.child('items', 'x-kubernetes-list-type'), inner, detail));
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
      errors.push(invalidValue(where.child('items', 'x-kubernetes-map-type'), inner ?? null, detail));
  }
  if (!listTypes.includes(listType))
    errors.push(notSupported(where.child('x-kubernetes-list-type'), listType, listTypes));
  return errors;
}

function keyErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const atKeys = where.child('x-kubernetes-list-map-keys');
  if (keys.length > 0 && listType !== 'map') {
    const at = where.child('x-kubernetes-list-type');
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(at, detail) : invalidValue(at, listType, detail));
  }
  if (listType !== 'map') return errors;
  if (keys.length === 0) errors.push(required(atKeys, 'must not be empty if x-kubernetes-list-type is map'));
  const items = itemsOf(schema);
  const atItems = where.child('items');
  if (items === undefined) {
    errors.push(required(atItems, 'must have a schema if x-kubernetes-list-type is map'));
    return errors;
  }
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalidValue(atItems.child('type'), items.type ?? '', detail));
    return errors;
  }
  keys.forEach((key, index) => {
    const field = items.properties?.[key];
    if (field === undefined)
      errors.push(invalidValue(atKeys, keys, 'entries must all be names of item properties'));
    else if (field.type === 'array' || field.type === 'object') {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalidValue(atItems.child('properties').key(key).child('type'), items.type, detail));
    }
    if (keys.indexOf(key) < index)
      errors.push(invalidValue(atKeys, keys, 'must not contain duplicate entries'));
  });
  return errors;
}

function nullErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const items = itemsOf(schema);
  const listType = schema['x-kubernetes-list-type'];
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return [];
  const errors: FieldError[] = [];
  const atItems = where.child('items');
  if (items.nullable === true) {
    const detail = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    errors.push(forbiddenField(atItems.child('nullable'), detail));
  }
  if (listType === 'set') return errors;
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const field = items.properties?.[key];
    if (field === undefined) continue;
    const at = atItems.child('properties').key(key);
    const is = 'this property is in x-kubernetes-list-map-keys, so it';
    if (items.required?.includes(key) !== true && field.default === undefined)
      errors.push(required(at.child('default'), `${is} must have a default or be a required property`));
    if (field.nullable === true)
      errors.push(forbiddenField(at.child('nullable'), `${is} cannot be nullable`));
  }
  return errors;
}

/** What is wrong with the type of a list: sets and maps must have items that can be told apart. */
export function listErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  return [...typeErrors(schema, where), ...keyErrors(schema, where), ...nullErrors(schema, where)];
}
