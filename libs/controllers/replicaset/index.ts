export { createReplicaSetController } from './controller.ts';
