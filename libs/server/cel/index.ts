export type { Checked, Variables } from './checker.ts';
export { estimateCost, type CostRange } from './estimate.ts';
export { compileProgram, kubernetesFunctions, type Outcome, type Program } from './environment.ts';
export { CelCostError } from './run.ts';
export { durationOf, timestampOf } from './libraries/standard.ts';
export { CelCompileError, type Issue } from './syntax.ts';
export { bool, dyn, formatType, int, listOf, mapOf, optionalOf, scalar, string, type Type } from './types.ts';
export {
  CelError,
  Duration,
  equals,
  MapView,
  none,
  ObjectView,
  Optional,
  PlainMap,
  Timestamp,
  Uint,
  withListTraits,
  type Value,
} from './values.ts';
