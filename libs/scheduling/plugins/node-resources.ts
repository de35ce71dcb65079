import type { Node, Pod } from '@drydock/api/core/v1';
import type { DeviceClass } from '@drydock/api/resource/v1';
import {
  amounts,
  isOwnUpdate,
  maxNodeScore,
  podRequests,
  skip,
  type NodeInfo,
  type Plugin,
  type PodInfo,
  type Status,
} from '../framework/index.ts';
import {
  classResourcePrefix,
  isExtended,
  mayBeDevices,
  noDevices,
  type DeviceRating,
  type DevicesAsResources,
} from './extended-resources.ts';

export interface ResourceSpec {
  readonly name: string;
  readonly weight?: number;
}

/** NodeResourcesFitArgs of kubescheduler.config.k8s.io/v1. */
export interface NodeResourcesFitArgs {
  readonly ignoredResources?: readonly string[];
  readonly ignoredResourceGroups?: readonly string[];
  readonly scoringStrategy?: {
    readonly type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    readonly resources?: readonly ResourceSpec[];
    readonly requestedToCapacityRatio?: {
      readonly shape?: readonly { readonly utilization: number; readonly score: number }[];
    };
  };
}

const defaultResources: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** What is asked for on a node. One for all: it is filled in for each node and resource. */
const usage = { capacity: 0, before: 0, after: 0 };

/** Fills in `usage`: before the Pod, and with it. False when the resource does not count on the node. */
function look(
  pod: PodInfo,
  node: NodeInfo,
  resource: string,
  nonZero: boolean,
  rating: DeviceRating | undefined,
): boolean {
  let wanted: number;
  if (resource === 'cpu') {
    usage.capacity = node.allocatableCpu;
    usage.before = nonZero ? node.nonZeroCpu : node.requestedCpu;
    wanted = nonZero ? pod.nonZeroCpu : pod.cpu;
  } else if (resource === 'memory') {
    usage.capacity = node.allocatableMemory;
    usage.before = nonZero ? node.nonZeroMemory : node.requestedMemory;
    wanted = nonZero ? pod.nonZeroMemory : pod.memory;
  } else {
    wanted = pod.requests.get(resource) ?? 0;
    // A node is not rated by devices and the like that the Pod does not want.
    if (wanted === 0 && resource !== 'ephemeral-storage') return false;
    usage.capacity = node.allocatable.get(resource) ?? 0;
    usage.before = node.requested.get(resource) ?? 0;
    const devices = usage.capacity === 0 ? rating?.(resource, node) : undefined;
    if (devices !== undefined) {
      usage.capacity = devices.capacity;
      usage.before = devices.allocated;
    }
  }
  usage.after = usage.before + wanted;
  return usage.capacity !== 0;
}

type Scorer = (pod: PodInfo, node: NodeInfo, rating: DeviceRating | undefined) => number;

function weighted(
  resources: readonly ResourceSpec[],
  rate: (after: number, capacity: number) => number,
): Scorer {
  return (pod, node, rating) => {
    let score = 0;
    let weights = 0;
    for (const { name, weight = 1 } of resources) {
      if (!look(pod, node, name, true, rating)) continue;
      score += rate(usage.after, usage.capacity) * weight;
      weights += weight;
    }
    return weights === 0 ? 0 : Math.trunc(score / weights);
  };
}

const least = (after: number, capacity: number) =>
  after > capacity ? 0 : Math.trunc(((capacity - after) * maxNodeScore) / capacity);
const most = (after: number, capacity: number) =>
  Math.trunc((Math.min(after, capacity) * maxNodeScore) / capacity);

/** Straight lines between the points of a shape; flat outside. Scores of the shape are 0..10. */
function brokenLine(
  shape: readonly { readonly utilization: number; readonly score: number }[],
): (utilization: number) => number {
  const points = shape.map(({ utilization, score }) => ({ at: utilization, score: score * 10 }));
  return (utilization) => {
    let previous: { at: number; score: number } | undefined;
    for (const point of points) {
      if (utilization <= point.at) {
        if (previous === undefined) return point.score;
        return (
          previous.score +
          Math.trunc(
            ((point.score - previous.score) * (utilization - previous.at)) / (point.at - previous.at),
          )
        );
      }
      previous = point;
    }
    return previous?.score ?? 0;
  };
}

function capacityRatio(
  resources: readonly ResourceSpec[],
  shape: readonly { readonly utilization: number; readonly score: number }[],
): Scorer {
  const line = brokenLine(shape);
  return (pod, node, rating) => {
    let score = 0;
    let weights = 0;
    for (const { name, weight = 1 } of resources) {
      if (!look(pod, node, name, true, rating)) continue;
      const { after, capacity } = usage;
      const rate = line(after > capacity ? 100 : Math.trunc((after * 100) / capacity));
      if (rate <= 0) continue;
      score += rate * weight;
      weights += weight;
    }
    return weights === 0 ? 0 : Math.round(score / weights);
  };
}

function strategyScorer(
  strategy: NodeResourcesFitArgs['scoringStrategy'],
  resources: readonly ResourceSpec[],
): Scorer {
  switch (strategy?.type ?? 'LeastAllocated') {
    case 'LeastAllocated':
      return weighted(resources, least);
    case 'MostAllocated':
      return weighted(resources, most);
    case 'RequestedToCapacityRatio':
      return capacityRatio(resources, strategy?.requestedToCapacityRatio?.shape ?? []);
  }
}

const never = () => false;

/**
 * What a node lacks for a Pod, in Kubernetes' words; `unresolvable` when an empty node would not do either. What `isDevices` holds
 * of may be devices of a class, which the node need not count.
 */
export function insufficientResources(
  pod: PodInfo,
  node: NodeInfo,
  ignored: (resource: string) => boolean = never,
  isDevices: (resource: string) => boolean = never,
): Status | undefined {
  let reasons: string[] | undefined;
  let helpless = false;
  if (node.pods.size + 1 > node.maxPods) reasons = ['Too many pods'];
  const { cpu, memory } = pod;
  const fits =
    cpu <= Math.max(0, node.allocatableCpu - node.requestedCpu) &&
    memory <= Math.max(0, node.allocatableMemory - node.requestedMemory);
  // By far the most common: nothing else is asked for.
  if (fits && pod.requests.size === (cpu > 0 ? 1 : 0) + (memory > 0 ? 1 : 0))
    return reasons && { code: 'Unschedulable', reasons };
  for (const [resource, wanted] of pod.requests) {
    const capacity = node.allocatable.get(resource) ?? 0;
    if (wanted <= capacity - (node.requested.get(resource) ?? 0) || ignored(resource)) continue;
    if (capacity === 0 && isDevices(resource)) continue;
    (reasons ??= []).push(`Insufficient ${resource}`);
    if (wanted > capacity) helpless = true;
  }
  return reasons && { code: helpless ? 'UnschedulableAndUnresolvable' : 'Unschedulable', reasons };
}

/** Remembers what was made of an object: one event is looked at for many Pods. */
function once<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key)));
    return value;
  };
}

const capacityOf = once(({ status }: Node) => amounts(status?.allocatable ?? status?.capacity));
const requestsOf = once((pod: Pod) => podRequests(pod));

/** Whether a change of a node is worth another try: the Pod would fit if it were empty, and it has more of what counts. */
function nodeHelps(
  pod: PodInfo,
  node: Node,
  previous: Node | undefined,
  isDevices: (resource: string) => boolean,
): boolean {
  const now = capacityOf(node);
  const of = (resource: string) => now.get(resource) ?? 0;
  if (of('pods') < 1) return false;
  const mayBeElsewhere = (resource: string) => of(resource) === 0 && isDevices(resource);
  for (const [resource, wanted] of pod.requests)
    if (wanted > of(resource) && !mayBeElsewhere(resource)) return false;
  if (previous === undefined) return true;
  const before = capacityOf(previous);
  const grew = (resource: string) => of(resource) > (before.get(resource) ?? 0);
  return (
    grew('pods') || [...pod.requests.keys()].some((resource) => grew(resource) || mayBeElsewhere(resource))
  );
}

/** Whether what a Pod on a node gave up is something that the waiting Pod wants. */
function resizeHelps(pod: PodInfo, now: Pod, previous: Pod): boolean {
  const [after, before] = [requestsOf(now), requestsOf(previous)];
  return [...pod.requests.keys()].some((name) => (before.get(name) ?? 0) > (after.get(name) ?? 0));
}

/** Whether a class that came or changed gives a Pod devices for a resource that it wants. */
function classHelps({ requests }: PodInfo, { metadata, spec }: DeviceClass, previous?: DeviceClass): boolean {
  const resource = spec?.extendedResourceName ?? '';
  if (previous === undefined && requests.has(`${classResourcePrefix}${metadata.name ?? ''}`)) return true;
  return resource !== (previous?.spec?.extendedResourceName ?? '') && requests.has(resource);
}

/**
 * Room for what the Pod asks; rated by how full the node would be. Resources that are `devices` are given by
 * DynamicResources where the node has none of them itself.
 */
export function nodeResourcesFit(
  args: NodeResourcesFitArgs = {},
  devices: DevicesAsResources = noDevices,
): Plugin {
  const isDevices = (resource: string) => devices.isDevices(resource);
  const names = new Set(args.ignoredResources);
  const groups = new Set(args.ignoredResourceGroups);
  const ignored = (resource: string) =>
    isExtended(resource) && (names.has(resource) || groups.has(resource.slice(0, resource.indexOf('/'))));
  const ignore = names.size + groups.size > 0 ? ignored : undefined;
  const { scoringStrategy } = args;
  const resources = scoringStrategy?.resources?.length ? scoringStrategy.resources : defaultResources;
  const score = strategyScorer(scoringStrategy, resources);
  const name = 'NodeResourcesFit';
  return {
    name,
    filter: (_, pod, node) => insufficientResources(pod, node, ignore, isDevices),
    preScore(state) {
      if (ratesDevices(resources, devices)) state.set(name, devices.rating());
      return undefined;
    },
    score: (state, pod, node) => score(pod, node, state.get(name) as DeviceRating | undefined),
    events: [
      {
        resource: 'AssignedPod',
        actions: ['Delete', 'UpdatePodScaleDown'],
        hint(pod, { object, previous }) {
          const gone = previous as Pod;
          if (object !== undefined) return resizeHelps(pod, object as Pod, gone);
          return !!gone.spec?.nodeName || !!gone.status?.nominatedNodeName;
        },
      },
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeAllocatable'],
        hint: (pod, { object, previous }) =>
          nodeHelps(pod, object as Node, previous as Node | undefined, isDevices),
      },
      {
        resource: 'UnscheduledPod',
        actions: ['UpdatePodScaleDown'],
        hint: isOwnUpdate,
      },
      {
        resource: 'DeviceClass',
        actions: ['Add', 'Update'],
        hint: (pod, { object, previous }) =>
          classHelps(pod, object as DeviceClass, previous as DeviceClass | undefined),
      },
    ],
  };
}

/** Whether nodes are rated by devices that are asked for as resources. */
const ratesDevices = (resources: readonly ResourceSpec[], { isDevices }: DevicesAsResources) =>
  resources.some(({ name }) => mayBeDevices(name) && isDevices(name));

/** 50 when the first `count` of `fractions` are as uneven as can be, 100 when they are even. */
function balance(fractions: readonly number[], count: number): number {
  let deviation = 0;
  if (count === 2) deviation = Math.abs(((fractions[0] ?? 0) - (fractions[1] ?? 0)) / 2);
  else if (count > 2) {
    let total = 0;
    for (let at = 0; at < count; at++) total += fractions[at] ?? 0;
    const mean = total / count;
    let squares = 0;
    for (let at = 0; at < count; at++) squares += ((fractions[at] ?? 0) - mean) ** 2;
    deviation = Math.sqrt(squares / count);
  }
  return Math.trunc((1 - deviation) * maxNodeScore);
}

export interface NodeResourcesBalancedAllocationArgs {
  readonly resources?: readonly ResourceSpec[];
}

/** Prefers nodes whose resources the Pod brings into balance: 75 where it changes nothing. */
export function nodeResourcesBalancedAllocation(
  args: NodeResourcesBalancedAllocationArgs = {},
  devices: DevicesAsResources = noDevices,
): Plugin {
  const name = 'NodeResourcesBalancedAllocation';
  const resources = args.resources?.length ? args.resources : defaultResources;
  /** Shares of what nodes have, for each resource; for one node after another. */
  const before: number[] = [];
  const after: number[] = [];
  return {
    name,
    // A Pod that asks for nothing changes no balance.
    preScore(state, pod) {
      if (!resources.some(({ name: resource }) => pod.requests.has(resource))) return skip;
      if (ratesDevices(resources, devices)) state.set(name, devices.rating());
      return undefined;
    },
    score(state, pod, node) {
      const rating = state.get(name) as DeviceRating | undefined;
      let count = 0;
      for (const { name: resource } of resources) {
        if (!look(pod, node, resource, false, rating)) continue;
        before[count] = Math.min(1, usage.before / usage.capacity);
        after[count] = Math.min(1, usage.after / usage.capacity);
        count++;
      }
      const half = maxNodeScore / 2;
      return half + Math.trunc((half + balance(after, count) - balance(before, count)) / 2);
    },
  };
}
