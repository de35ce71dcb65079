export { createClusterRoleAggregationController } from './controller.ts';
