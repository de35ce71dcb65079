export type { ClusterEvent, ClusterEventInterest, EventAction, EventResource } from './cluster-event.ts';
export { isInteresting, isOwnUpdate } from './cluster-event.ts';
export type * from './types.ts';
export { failure, maxNodeScore, skip, unresolvable, unschedulable } from './types.ts';
export {
  addPodTo,
  cloneNodeInfo,
  nodeInfo,
  portKey,
  removePodFrom,
  setNode,
  type MutableNodeInfo,
} from './node-info.ts';
export {
  amount,
  amounts,
  ephemeralClaimName,
  hostPorts,
  podInfo,
  podRequests,
  withLabelKeys,
} from './pod-info.ts';
export {
  nodeSelectorMatches,
  nodeSelectorTermMatches,
  tolerates,
  untolerated,
} from '@drydock/api/node-matching';
