export { createEndpointSliceController } from './controller.ts';
