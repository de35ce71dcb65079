export { portErrors } from './handlers.ts';
export { noBackstepErrors } from './paths.ts';
export { resourceAmountErrors, resourceNameErrors, validateResources } from './container-resources.ts';
export { validateNodeSelector } from './placement.ts';
export { validateVolumes } from './volume-sources.ts';
export { validatePodOnly, validatePodSpec, validatePodTemplateSpec } from './pod-spec.ts';
export { nodeLabelWarning, podWarnings, templateWarnings } from './pod-warnings.ts';
