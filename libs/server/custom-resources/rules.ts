import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import type { JsonSchema } from '../structural-schema/index.ts';

/** Checks an object, and what it replaces, against all rules of its schema. */
export type RuleCheck = (object: KubeObject, old: KubeObject | undefined) => FieldError[];

export function compileRuleCheck(_schema: JsonSchema): RuleCheck | undefined {
  return undefined;
}
