export { validateContainers, validateResources, validateVolumes } from './containers.ts';
export { validatePodSpec, validatePodTemplateSpec } from './pod-spec.ts';
export { nodeLabelWarning, podWarnings, templateWarnings } from './pod-warnings.ts';
