export {
  alwaysRestartErrors,
  collisionCountErrors,
  immutable,
  nonNegative,
  nonNegativeFields,
  oneOf,
  optionalOneOf,
  positive,
  selectorMatches,
  textErrors,
  workloadSelectorErrors,
} from './checks.ts';
export {
  ageColumn,
  booleanColumn,
  containerColumns,
  createdAtColumn,
  integerColumn,
  labelsText,
  nameColumn,
  selectorText,
  since,
  textColumn,
} from './columns.ts';
export { defaultPodTemplate } from './pod-template.ts';
export type { IntOrPercent } from './int-or-percent.ts';
export { above100PercentErrors, intOrPercentErrors, intOrPercentValue } from './int-or-percent.ts';
export { specialIpErrors } from './special-ip.ts';
export { podNameWarnings } from './pod-name-warnings.ts';
export { domainPathErrors } from './domain-path.ts';
export { driverNameErrors } from './driver-name.ts';
export { binaryOfBase64, pemBlocksOf } from './pem-blocks.ts';
export { availabilityErrors } from './availability.ts';
