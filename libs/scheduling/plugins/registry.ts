import type { Plugin, PodInfo } from '../framework/index.ts';
import { createClaimTracker } from './claim-tracker.ts';
import { defaultBinder } from './default-binder.ts';
import { defaultPreemption, type PreemptionDeps } from './default-preemption.ts';
import { dynamicResources, type DynamicResourcesDeps } from './dynamic-resources.ts';
import { devicesAsResources } from './extended-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import type { Listers, VolumeActions } from './listers.ts';
import { nodeAffinity } from './node-affinity.ts';
import {
  nodeName,
  nodePorts,
  nodeUnschedulable,
  prioritySort,
  schedulingGates,
  taintToleration,
} from './node-basics.ts';
import { nodeResourcesBalancedAllocation, nodeResourcesFit } from './node-resources.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

/** What plugins are made with. */
export interface PluginDeps {
  readonly listers: Listers;
  readonly volumes: VolumeActions;
  readonly devices: Omit<DynamicResourcesDeps, 'listers'>;
  readonly bind: (pod: PodInfo, nodeName: string) => Promise<void>;
  readonly preemption: Omit<PreemptionDeps, 'listers'>;
}

/** Makes a plugin from the `args` of its pluginConfig. */
export type PluginFactory = (args: Readonly<Record<string, unknown>>, deps: PluginDeps) => Plugin;

const always =
  (plugin: Plugin): PluginFactory =>
  () =>
    plugin;

const devicesOf = ({ listers, devices: { tracker, compile } }: PluginDeps) =>
  devicesAsResources(listers, tracker ?? createClaimTracker(listers), compile);

/** All plugins, in the order in which kube-scheduler runs them, with their default weights. */
export const defaultPlugins: readonly { name: string; weight: number; create: PluginFactory }[] = [
  { name: 'SchedulingGates', weight: 0, create: always(schedulingGates) },
  { name: 'PrioritySort', weight: 0, create: always(prioritySort) },
  { name: 'NodeUnschedulable', weight: 0, create: always(nodeUnschedulable) },
  { name: 'NodeName', weight: 0, create: always(nodeName) },
  { name: 'TaintToleration', weight: 3, create: always(taintToleration) },
  { name: 'NodeAffinity', weight: 2, create: (args) => nodeAffinity(args) },
  { name: 'NodePorts', weight: 0, create: always(nodePorts) },
  {
    name: 'NodeResourcesFit',
    weight: 1,
    create: (args, deps) => nodeResourcesFit(args, devicesOf(deps)),
  },
  { name: 'VolumeRestrictions', weight: 0, create: (_, { listers }) => volumeRestrictions(listers) },
  { name: 'NodeVolumeLimits', weight: 0, create: (_, { listers }) => nodeVolumeLimits(listers) },
  {
    name: 'VolumeBinding',
    weight: 0,
    create: (args, { listers, volumes }) => volumeBinding(args, listers, volumes),
  },
  { name: 'VolumeZone', weight: 0, create: (_, { listers }) => volumeZone(listers) },
  {
    name: 'PodTopologySpread',
    weight: 2,
    create: (args, { listers }) => podTopologySpread(args, (pod) => listers.defaultSelector(pod)),
  },
  {
    name: 'InterPodAffinity',
    weight: 2,
    create: (args, { listers }) => interPodAffinity(args, (name) => listers.namespaceLabels(name)),
  },
  {
    name: 'DynamicResources',
    weight: 2,
    create: (args, { listers, devices }) => dynamicResources(args, { listers, ...devices }),
  },
  {
    name: 'DefaultPreemption',
    weight: 0,
    create: (args, { listers, preemption }) => defaultPreemption(args, { listers, ...preemption }),
  },
  {
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    create: (args, deps) => nodeResourcesBalancedAllocation(args, devicesOf(deps)),
  },
  { name: 'ImageLocality', weight: 1, create: always(imageLocality) },
  { name: 'DefaultBinder', weight: 0, create: (_, { bind }) => defaultBinder(bind) },
];
