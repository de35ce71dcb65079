export { createServiceCidrController } from './controller.ts';
export { mayGo } from './coverage.ts';
