export { compileRuleCheck, type RuleCheck } from './check.ts';
export { definitionRuleErrors } from './definition-errors.ts';
export { escapeProperty } from './escape.ts';
export { schemaType, type SchemaType } from './schema-type.ts';
