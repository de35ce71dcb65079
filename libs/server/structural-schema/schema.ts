import type { JSONSchemaProps } from '@drydock/api/apiextensions/v1';
import { isJsonObject } from '@drydock/base/apimachinery';

/** One `x-kubernetes-validations` rule. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** A schema as CustomResourceDefinitions hold it. */
export type JsonSchema = JSONSchemaProps;

/** The schema of a list's items; undefined where there is none (or several, which v1 refuses). */
export function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  return isJsonObject(schema.items) ? (schema.items as JsonSchema) : undefined;
}

/** The schema of values of a map; `true` where any value will do, `false` where there may be none. */
export function additionalOf(schema: JsonSchema): JsonSchema | boolean | undefined {
  const value = schema.additionalProperties;
  if (typeof value === 'boolean') return value;
  return isJsonObject(value) ? (value as JsonSchema) : undefined;
}

export function preservesUnknown(schema: JsonSchema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

export function isEmbedded(schema: JsonSchema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

export function isIntOrString(schema: JsonSchema): boolean {
  return schema['x-kubernetes-int-or-string'] === true;
}

export function rulesOf(schema: JsonSchema): readonly ValidationRule[] {
  return (schema['x-kubernetes-validations'] ?? []) as readonly ValidationRule[];
}

/** Properties in order of name, own ones only. */
export function propertiesOf(schema: JsonSchema): [name: string, schema: JsonSchema][] {
  return Object.entries(schema.properties ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Whether any schema beneath this one, itself included, is as asked. Logical branches (allOf …) are looked into as well. */
export function someSchema(schema: JsonSchema, test: (schema: JsonSchema) => boolean): boolean {
  if (test(schema)) return true;
  const below: (JsonSchema | boolean | undefined)[] = [
    itemsOf(schema),
    additionalOf(schema),
    schema.not,
    ...Object.values(schema.properties ?? {}),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
  ];
  return below.some((one) => typeof one === 'object' && someSchema(one, test));
}
