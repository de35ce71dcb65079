export { createEndpointSliceMirroringController } from './controller.ts';
export { mirroredSlices, planMirror, shouldMirror } from './mirror.ts';
