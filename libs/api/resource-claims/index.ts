export {
  canBeReserved,
  claimFinalizer,
  claimNameOf,
  isPodDone,
  isReservedFor,
  maxConsumers,
  ownershipProblem,
  podClaimAnnotation,
  type PodClaimName,
} from './resource-claims.ts';
export { toleratesDeviceTaint } from './device-taints.ts';
