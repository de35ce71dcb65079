import { badRequest, isJsonObject } from '@drydock/base/apimachinery';
import { validateShape } from '@drydock/api/validation';

const message = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

type Json = Record<string, unknown>;

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function* belowIn(schema: Json): Generator<Json> {
  for (const key of ['properties', 'definitions', 'patternProperties']) {
    const map = schema[key];
    if (isJsonObject(map)) for (const value of Object.values(map)) if (isJsonObject(value)) yield value;
  }
  for (const key of ['allOf', 'anyOf', 'oneOf']) {
    const list = schema[key];
    if (Array.isArray(list)) for (const value of list) if (isJsonObject(value)) yield value;
  }
  if (isJsonObject(schema['not'])) yield schema['not'];
}

/** A schema that the generated shape knows nothing of: checked as its own message. */
function decode(value: Json): void {
  const { error } = validateShape(message, value);
  if (error !== undefined)
    throw badRequest(
      `CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: ${error}`,
    );
  checkSchemaShape(value);
}

/**
 * Checks what the generated shape of a schema leaves open: `items`, `additionalProperties` and the like, which hold a
 * schema or something else. Unknown fields in them are dropped.
 * @throws ApiError 400 in Go's words
 */
export function checkSchemaShape(schema: unknown): void {
  if (!isJsonObject(schema)) return;
  for (const key of ['items', 'additionalProperties', 'additionalItems'] as const) {
    const value = schema[key];
    if (isJsonObject(value)) decode(value);
    else if (Array.isArray(value) && key === 'items')
      for (const one of value) if (isJsonObject(one)) decode(one);
    if (value === null) Reflect.deleteProperty(schema, key);
    const fits =
      value === undefined ||
      value === null ||
      isJsonObject(value) ||
      (key === 'items' ? Array.isArray(value) : typeof value === 'boolean');
    if (!fits) {
      const type = key === 'items' ? 'JSONSchemaPropsOrArray' : 'JSONSchemaPropsOrBool';
      throw badRequest(
        `CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: json: cannot unmarshal ${goTypeOf(value)} into Go struct field JSONSchemaProps.${key} of type v1.${type}`,
      );
    }
  }
  for (const below of belowIn(schema)) checkSchemaShape(below);
}
