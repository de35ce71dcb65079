export type { Checked, Messages, Variables } from './checker.ts';
export { estimateCost, type CostRange } from './estimate.ts';
export { compileProgram, kubernetesFunctions, type Outcome, type Program } from './environment.ts';
export { CelCostError } from './run.ts';
export { quantity as quantityValue } from './libraries/kubernetes.ts';
export { semver as semverValue } from './libraries/semver.ts';
export { durationOf, timestampOf } from './libraries/standard.ts';
export { CelCompileError, type Issue } from './syntax.ts';
export {
  authorizerType,
  authorizerValue,
  resourceCheckType,
  resourceCheckValue,
  type AccessCheck,
  type AccessDecision,
  type AccessRequest,
} from './libraries/authorization.ts';
export {
  bool,
  dyn,
  formatType,
  int,
  listOf,
  mapOf,
  optionalOf,
  scalar,
  string,
  typeText,
  type Type,
} from './types.ts';
export {
  CelError,
  Duration,
  equals,
  formatDurationValue as durationText,
  formatTimestamp as timestampText,
  isList,
  MapView,
  Message,
  none,
  ObjectView,
  Optional,
  PlainMap,
  Timestamp,
  Uint,
  withListTraits,
  type Value,
} from './values.ts';
