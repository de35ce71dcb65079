export { aggregatedRules, createClusterRoleAggregationController } from './controller.ts';
