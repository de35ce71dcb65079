export { compileAcceptor, type Acceptor } from './acceptor.ts';
export { correlate, listKeys, type Correlation } from './correlate.ts';
export { compileEmbedded, type MetaCheck } from './embedded.ts';
export { explain, type Before } from './explain.ts';
export { stringFormat } from './formats.ts';
export { compileListTypes } from './list-types.ts';
export {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  rulesOf,
  someSchema,
  type JsonSchema,
  type ValidationRule,
} from './schema.ts';
export { compileShaper, unknownFieldsOf, type Shaper, type ShapeProblem } from './shaper.ts';
export { definitionSchemaErrors, type RulesCheck } from './definition-errors.ts';
export { resolveFieldPath, type ResolvedPath } from './field-path.ts';
export { checkSchemaShape } from './schema-shape.ts';
