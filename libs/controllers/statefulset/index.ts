export { claimOwners, hasUnexpectedController, isClaimStale } from './claim-owners.ts';
export { createStatefulSetController } from './controller.ts';
export {
  maxUnavailable,
  planStatefulSet,
  type Revision,
  type StatefulAction,
  type StatefulPlan,
  type StatefulView,
} from './plan.ts';
export { identityMatches, isMemberOf, newPod, ordinalOf, parentAndOrdinal, storageMatches } from './pods.ts';
