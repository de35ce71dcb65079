export { createDeviceTaintEvictionController } from './controller.ts';
