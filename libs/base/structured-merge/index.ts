export { configurationErrors, pathText, stepText } from './check.ts';
export { mergeTyped, removeTyped, withNamedFields } from './merge.ts';
export type { AnyType, LeafType, ListType, MapType, MergeType, OpenApiSchema } from './merge-type.ts';
export {
  anyType,
  keyedListType,
  leafType,
  messageMergeType,
  objectMergeType,
  setListType,
  structuralMergeType,
} from './merge-type.ts';
export type { Comparison } from './walk.ts';
export { compareTyped, fieldSetOf } from './walk.ts';
