export { createPersistentVolumeExpander, wantedSize } from './controller.ts';
