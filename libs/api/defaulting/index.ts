export { applyScalarDefaults } from './defaults.ts';
export { applyPodSpecDefaults } from './pod-spec.ts';
