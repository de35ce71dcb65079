export { applyScalarDefaults } from './defaults.ts';
export { applyPodDefaults, applyPodSpecDefaults } from './pod-spec.ts';
