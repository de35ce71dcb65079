import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { forbiddenField, invalidValue, notSupported, required } from '@drydock/base/apimachinery';
import { defaultErrors } from './default-errors.ts';
import { listErrors } from './list-errors.ts';
import { ruleTextErrors } from './rule-text-errors.ts';
import { additionalOf, isEmbedded, itemsOf, propertiesOf, type JsonSchema } from './schema.ts';
import { structuralErrors } from './structural-errors.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const metaFields: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);

/** What one part of a schema inherits from those around it. */
interface Around {
  readonly root: boolean;
  /** Why there may be no default here. */
  readonly noDefaults: string | undefined;
  readonly insideMeta: boolean;
}

const unsupported = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
] as const;

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function standardErrors(schema: JsonSchema, where: FieldPath, around: Around): FieldError[] {
  const errors: FieldError[] = [];
  const type = schema.type ?? '';
  if (type !== '' && !types.includes(type)) errors.push(notSupported(where.child('type'), type, types));
  if (schema.default !== undefined && schema.default !== null && around.noDefaults !== undefined)
    errors.push(forbiddenField(where.child('default'), `must not be set ${around.noDefaults}`));
  for (const name of unsupported)
    if (isSet(schema[name])) errors.push(forbiddenField(where.child(name), `${name} is not supported`));
  if (type === 'null') {
    const detail = 'type cannot be set to null, use nullable as an alternative';
    errors.push(forbiddenField(where.child('type'), detail));
  }
  if (Array.isArray(schema.items))
    errors.push(forbiddenField(where.child('items'), 'items must be a schema object and not an array'));
  if (around.insideMeta && isEmbedded(schema)) {
    const at = where.child('x-kubernetes-embedded-resource');
    errors.push(forbiddenField(at, 'must not be used inside of resource meta'));
  }
  return errors;
}

function mapTypeErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const errors: FieldError[] = [];
  const type = schema.type ?? '';
  const detail = 'must be object if x-kubernetes-map-type is specified';
  if (type === '') errors.push(required(where.child('type'), detail));
  else if (type !== 'object') errors.push(invalidValue(where.child('type'), type, detail));
  if (mapType !== 'atomic' && mapType !== 'granular')
    errors.push(notSupported(where.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
  return errors;
}

function schemaErrors(schema: JsonSchema, where: FieldPath, around: Around): FieldError[] {
  const errors = standardErrors(schema, where, around);
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbiddenField(where.child('uniqueItems'), detail));
  }
  const within: Around = { ...around, root: false };
  const additional = additionalOf(schema);
  const properties = propertiesOf(schema);
  if (additional !== undefined) {
    const at = where.child('additionalProperties');
    if (properties.length > 0 && additional !== true)
      errors.push(forbiddenField(at, 'additionalProperties and properties are mutual exclusive'));
    if (typeof additional === 'object') {
      const inMeta = 'inside additionalProperties applying to object metadata';
      errors.push(
        ...schemaErrors(additional, at, around.insideMeta ? { ...within, noDefaults: inMeta } : within),
      );
    }
  }
  for (const [name, below] of properties) {
    const meta = (around.root || isEmbedded(schema)) && metaFields.has(name);
    const next: Around = !meta
      ? within
      : {
          root: false,
          insideMeta: true,
          noDefaults: around.root ? `in top-level ${name}` : around.noDefaults,
        };
    errors.push(...schemaErrors(below, where.child('properties').key(name), next));
  }
  if (schema.not !== undefined) errors.push(...schemaErrors(schema.not, where.child('not'), within));
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) {
    schema[name]?.forEach((branch, index) => {
      errors.push(...schemaErrors(branch, where.child(name).index(index), within));
    });
  }
  const items = itemsOf(schema);
  if (items !== undefined) errors.push(...schemaErrors(items, where.child('items'), within));
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const at = where.child('x-kubernetes-preserve-unknown-fields');
    errors.push(invalidValue(at, false, 'must be true or undefined'));
  }
  return [
    ...errors,
    ...mapTypeErrors(schema, where),
    ...listErrors(schema, where),
    ...ruleTextErrors(schema, where),
  ];
}

const rootFields = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];

/** A JSON name as Kubernetes' own types spell it. */
function goName(name: string): string {
  return name
    .replace('x-kubernetes-', 'x-')
    .replaceAll(/(^|-)(\w)/g, (_all, _dash, letter: string) => letter.toUpperCase());
}

/** With a status subresource the status is validated by itself: nothing at the root may speak of it. */
function rootErrors(schema: JsonSchema, where: FieldPath, hasStatus: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (hasStatus) {
    const stray = Object.entries(schema).find(
      ([name, value]) => isSet(value) && !rootFields.includes(goName(name)),
    );
    if (schema.type !== undefined && schema.type !== 'object') {
      const detail =
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      errors.push(invalidValue(where.child('type'), schema.type, detail));
    } else if (stray !== undefined) {
      const detail = `only [${rootFields.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
      errors.push(invalidValue(where, schema, detail));
    }
  }
  if (schema.nullable === true)
    errors.push(forbiddenField(where.child('nullable'), 'nullable cannot be true at the root'));
  return errors;
}

/** A schema's expressions, checked when the schema itself is right. */
export type RulesCheck = (schema: JsonSchema, where: FieldPath) => FieldError[];

/**
 * What is wrong with the schema of a version of a CustomResourceDefinition: whether it is structural, its defaults, its
 * extensions, its rules.
 */
export function definitionSchemaErrors(
  schema: JsonSchema,
  where: FieldPath,
  options: { readonly hasStatus: boolean; readonly rules: RulesCheck },
): FieldError[] {
  const errors = rootErrors(schema, where, options.hasStatus);
  const structural = structuralErrors(schema, where);
  errors.push(...(structural.length > 0 ? structural : defaultErrors(schema, where)));
  const around: Around = { root: true, noDefaults: undefined, insideMeta: false };
  const others = schemaErrors(schema, where, around);
  errors.push(...others);
  if (errors.length === 0) errors.push(...options.rules(schema, where));
  return errors;
}
