export {
  balancedAllocation,
  defaultScores,
  leastAllocated,
  preferredNodeAffinity,
  preferUntainted,
  replicaSpread,
} from './scores.ts';
