export { createReplicationControllerController } from './controller.ts';
