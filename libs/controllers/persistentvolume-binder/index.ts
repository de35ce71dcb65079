export { createPersistentVolumeBinder, type PersistentVolumeBinderOptions } from './controller.ts';
export { bestMatch, isMeantFor, mismatch } from './match.ts';
export { reclaim, simulatedProvisioners, simulatedVolume } from './provision.ts';
