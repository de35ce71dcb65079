export { validateContainers, validateResources, validateVolumes } from './containers.ts';
export { validatePodSpec, validatePodTemplateSpec } from './pod-spec.ts';
