export { defaultPlugins, type PluginDeps, type PluginFactory } from './registry.ts';
export type { DeviceActions, Listers, VolumeActions } from './listers.ts';
export { createClaimTracker, type ClaimTracker } from './claim-tracker.ts';
export { defaultBinder } from './default-binder.ts';
export {
  byImportance,
  defaultPreemption,
  pickCandidate,
  splitByBudgets,
  type Candidate,
  type DefaultPreemptionArgs,
} from './default-preemption.ts';
export {
  dynamicResources,
  type DynamicResourcesArgs,
  type DynamicResourcesDeps,
} from './dynamic-resources.ts';
export { classOfResource, mayBeDevices } from './extended-resources.ts';
export { imageLocality, normalizedImageName } from './image-locality.ts';
export { interPodAffinity, type InterPodAffinityArgs } from './inter-pod-affinity.ts';
export { nodeAffinity, type NodeAffinityArgs } from './node-affinity.ts';
export {
  nodeName,
  nodePorts,
  nodeUnschedulable,
  prioritySort,
  schedulingGates,
  taintToleration,
} from './node-basics.ts';
export {
  nodeResourcesBalancedAllocation,
  nodeResourcesFit,
  type NodeResourcesBalancedAllocationArgs,
  type NodeResourcesFitArgs,
} from './node-resources.ts';
export { nodeVolumeLimits } from './node-volume-limits.ts';
export { podTopologySpread, type PodTopologySpreadArgs } from './pod-topology-spread.ts';
export { classNameOf, isBound } from './volume-claims.ts';
export { volumeBinding, type VolumeBindingArgs } from './volume-binding.ts';
export { volumeRestrictions } from './volume-restrictions.ts';
export { volumeZone } from './volume-zone.ts';
