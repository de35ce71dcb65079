import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { invalidValue } from '@drydock/base/apimachinery';
import { explain } from './explain.ts';
import { isEmbedded, itemsOf, propertiesOf, type JsonSchema } from './schema.ts';
import { unknownFieldsOf } from './shaper.ts';

const metaFields: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);

function errorsOf(schema: JsonSchema, where: FieldPath, insideMeta: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const value = schema.default;
  if (value !== undefined && value !== null) {
    const at = where.child('default');
    if (!insideMeta && unknownFieldsOf(schema, value).length > 0)
      errors.push(invalidValue(at, value, 'must not have unknown fields'));
    errors.push(...explain(schema, value, String(at)));
  }
  const items = itemsOf(schema);
  if (items !== undefined) errors.push(...errorsOf(items, where.child('items'), insideMeta));
  for (const [name, below] of propertiesOf(schema)) {
    const meta = insideMeta || (isEmbedded(schema) && metaFields.has(name));
    errors.push(...errorsOf(below, where.child('properties').key(name), meta));
  }
  return errors;
}

/** Default values that the schema itself would not let pass. */
export function defaultErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  return errorsOf(schema, where, false);
}
