import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import type { JsonSchema } from '../../structural-schema/index.ts';

export function ruleErrors(_schema: JsonSchema, _where: FieldPath): FieldError[] {
  return [];
}
