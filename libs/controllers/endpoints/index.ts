export { createEndpointsController } from './controller.ts';
