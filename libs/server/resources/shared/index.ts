export { portErrors } from './handlers.ts';
export { accessModeErrors, claimErrors, classErrors, positiveAmount, volumeModes } from './claim-spec.ts';
export {
  containerResourceNameErrors,
  overcommits,
  resourceAmountErrors,
  resourceNameErrors,
  validateResources,
} from './container-resources.ts';
export { validateNodeSelector } from './placement.ts';
export { persistentSourceChecks, sourceErrors } from './volume-kinds.ts';
export { validateVolumes } from './volume-sources.ts';
export { validatePodOnly, validatePodSpec, validatePodTemplateSpec } from './pod-spec.ts';
export {
  isMirror,
  podAnnotationChangeErrors,
  podAnnotationErrors,
  profileMatchErrors,
} from './pod-annotations.ts';
export { validateTolerations } from './tolerations.ts';
export { podWarnings, templateWarnings } from './pod-warnings.ts';
export { addressWarnings, rangeWarnings } from './address-warnings.ts';
export { claimWarnings } from './claim-warnings.ts';
export { deprecatedNodeLabels, nodeTermWarnings } from './node-label-warnings.ts';
