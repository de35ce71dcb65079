import type { Node } from '@drydock/api/core/v1';
import { addTo, amounts } from './pod-info.ts';
import type { HostPort, NodeInfo, PodInfo } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface MutableNodeInfo extends Mutable<NodeInfo> {
  allocatable: Map<string, number>;
  requested: Map<string, number>;
  pods: Map<string, PodInfo>;
  podsWithAffinity: Set<PodInfo>;
  podsWithRequiredAntiAffinity: Set<PodInfo>;
  usedPorts: Map<string, number>;
  images: Map<string, number>;
  claimUsers: Map<string, number>;
}

/** The key under which a used host port is kept. */
export function portKey({ ip, protocol, port }: HostPort): string {
  return `${ip}/${protocol}/${port}`;
}

function images(node: Node): Map<string, number> {
  const found = new Map<string, number>();
  for (const image of node.status?.images ?? [])
    for (const name of image.names ?? []) found.set(name, Number(image.sizeBytes ?? 0));
  return found;
}

/** Takes what a Node says of itself. */
export function setNode(info: MutableNodeInfo, node: Node): void {
  info.node = node;
  info.allocatable = amounts(node.status?.allocatable ?? node.status?.capacity);
  info.maxPods = info.allocatable.get('pods') ?? 0;
  info.allocatableCpu = info.allocatable.get('cpu') ?? 0;
  info.allocatableMemory = info.allocatable.get('memory') ?? 0;
  info.images = images(node);
}

export function nodeInfo(node: Node, pods: Iterable<PodInfo> = []): MutableNodeInfo {
  const info: MutableNodeInfo = {
    name: node.metadata.name ?? '',
    node,
    allocatable: new Map(),
    requested: new Map(),
    maxPods: 0,
    allocatableCpu: 0,
    allocatableMemory: 0,
    requestedCpu: 0,
    requestedMemory: 0,
    nonZeroCpu: 0,
    nonZeroMemory: 0,
    pods: new Map(),
    podsWithAffinity: new Set(),
    podsWithRequiredAntiAffinity: new Set(),
    usedPorts: new Map(),
    images: new Map(),
    claimUsers: new Map(),
  };
  setNode(info, node);
  for (const pod of pods) addPodTo(info, pod);
  return info;
}

/** An independent copy, for trying things out. */
export function cloneNodeInfo(info: NodeInfo): MutableNodeInfo {
  return {
    ...info,
    allocatable: new Map(info.allocatable),
    requested: new Map(info.requested),
    pods: new Map(info.pods),
    podsWithAffinity: new Set(info.podsWithAffinity),
    podsWithRequiredAntiAffinity: new Set(info.podsWithRequiredAntiAffinity),
    usedPorts: new Map(info.usedPorts),
    images: new Map(info.images),
    claimUsers: new Map(info.claimUsers),
  };
}

function count(into: Map<string, number>, key: string, by: 1 | -1): void {
  const now = (into.get(key) ?? 0) + by;
  if (now > 0) into.set(key, now);
  else into.delete(key);
}

const hasAffinity = (pod: PodInfo) =>
  pod.requiredAffinity.length +
    pod.requiredAntiAffinity.length +
    pod.preferredAffinity.length +
    pod.preferredAntiAffinity.length >
  0;

function change(info: MutableNodeInfo, pod: PodInfo, sign: 1 | -1): void {
  addTo(info.requested, pod.requests, sign);
  info.requestedCpu += sign * pod.cpu;
  info.requestedMemory += sign * pod.memory;
  info.nonZeroCpu += sign * pod.nonZeroCpu;
  info.nonZeroMemory += sign * pod.nonZeroMemory;
  for (const port of pod.hostPorts) count(info.usedPorts, portKey(port), sign);
  for (const claim of pod.claims) count(info.claimUsers, `${pod.namespace}/${claim}`, sign);
}

export function addPodTo(info: MutableNodeInfo, pod: PodInfo): void {
  info.pods.set(pod.key, pod);
  change(info, pod, 1);
  if (hasAffinity(pod)) info.podsWithAffinity.add(pod);
  if (pod.requiredAntiAffinity.length > 0) info.podsWithRequiredAntiAffinity.add(pod);
}

/** Removes exactly this `PodInfo`; answers whether it was there. */
export function removePodFrom(info: MutableNodeInfo, pod: PodInfo): boolean {
  if (info.pods.get(pod.key) !== pod) return false;
  info.pods.delete(pod.key);
  change(info, pod, -1);
  info.podsWithAffinity.delete(pod);
  info.podsWithRequiredAntiAffinity.delete(pod);
  return true;
}
