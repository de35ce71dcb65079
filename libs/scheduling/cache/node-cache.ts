import type { Node, Pod } from '@drydock/api/core/v1';
import { objectKey } from '@drydock/base/apimachinery';
import {
  addPodTo,
  nodeInfo,
  podInfo,
  removePodFrom,
  setNode,
  type MutableNodeInfo,
  type NodeInfo,
  type PodInfo,
  type Snapshot,
} from '../framework/index.ts';
import { createSelectorCounts } from './selector-counts.ts';

/**
 * What is where: nodes and the Pods on them, kept up to date from events, plus the Pods that were just placed
 * and whose binding the events do not show yet (assumed). It is its own snapshot: decisions are made in one turn.
 */
export interface NodeCache extends Snapshot {
  setNode(node: Node): void;
  removeNode(name: string): void;
  /** A Pod as events show it; Pods without a node, and finished ones, take no room. */
  setPod(pod: Pod): void;
  removePod(pod: Pod): void;
  /** Counts a Pod on a node before its binding is seen. */
  assume(pod: PodInfo, nodeName: string): void;
  /** Takes an assumption back, unless events have confirmed it. */
  forget(key: string): void;
  isAssumed(key: string): boolean;
}

interface Place {
  readonly node: string;
  readonly pod: PodInfo;
  readonly assumed: boolean;
}

const zoneOf = ({ metadata: { labels } }: Node) => {
  const of = (kind: string) =>
    labels?.[`failure-domain.beta.kubernetes.io/${kind}`] ?? labels?.[`topology.kubernetes.io/${kind}`] ?? '';
  return `${of('region')}:${of('zone')}`;
};

/** Takes one node of each zone in turn, so that the first few looked at are not of one zone. */
export function interleaveZones<T extends { readonly node: Node }>(nodes: Iterable<T>): T[] {
  const zones = new Map<string, T[]>();
  for (const node of nodes) {
    const zone = zoneOf(node.node);
    const peers = zones.get(zone);
    if (peers === undefined) zones.set(zone, [node]);
    else peers.push(node);
  }
  const lists = [...zones.values()];
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const result: T[] = [];
  for (let at = 0; at < longest; at++)
    for (const list of lists) {
      const node = list[at];
      if (node !== undefined) result.push(node);
    }
  return result;
}

export function createNodeCache(): NodeCache {
  const infos = new Map<string, MutableNodeInfo>();
  const known = new Set<string>();
  const placed = new Map<string, Place>();
  const withAffinity = new Set<NodeInfo>();
  const withRequiredAntiAffinity = new Set<NodeInfo>();
  const imageNodes = new Map<string, number>();
  const selectorCounts = createSelectorCounts();
  let ordered: MutableNodeInfo[] | undefined;

  function info(name: string): MutableNodeInfo {
    let found = infos.get(name);
    if (found === undefined) {
      found = nodeInfo({ metadata: { name } } as Node);
      infos.set(name, found);
    }
    return found;
  }

  function index(on: MutableNodeInfo): void {
    if (known.has(on.name) && on.podsWithAffinity.size > 0) withAffinity.add(on);
    else withAffinity.delete(on);
    if (known.has(on.name) && on.podsWithRequiredAntiAffinity.size > 0) withRequiredAntiAffinity.add(on);
    else withRequiredAntiAffinity.delete(on);
  }

  function countImages(on: MutableNodeInfo, by: 1 | -1): void {
    for (const name of on.images.keys()) imageNodes.set(name, (imageNodes.get(name) ?? 0) + by);
  }

  function put(pod: PodInfo, nodeName: string, assumed: boolean): void {
    const on = info(nodeName);
    placed.set(pod.key, { node: nodeName, pod, assumed });
    addPodTo(on, pod);
    selectorCounts.changed(pod, nodeName, 1);
    index(on);
  }

  function drop(key: string): void {
    const place = placed.get(key);
    if (place === undefined) return;
    placed.delete(key);
    const on = info(place.node);
    removePodFrom(on, place.pod);
    selectorCounts.changed(place.pod, place.node, -1);
    index(on);
    if (on.pods.size === 0 && !known.has(on.name)) infos.delete(on.name);
  }

  return {
    get nodes() {
      ordered ??= interleaveZones([...infos.values()].filter(({ name }) => known.has(name)));
      return ordered;
    },
    node: (name) => (known.has(name) ? infos.get(name) : undefined),
    withAffinity,
    withRequiredAntiAffinity,
    nodesWithImage: (image) => imageNodes.get(image) ?? 0,
    counts: (namespace, selector) => selectorCounts.of(namespace, selector, infos.values()),
    setNode(node) {
      const name = node.metadata.name ?? '';
      const on = info(name);
      if (!known.has(name)) {
        known.add(name);
        ordered = undefined;
      } else if (zoneOf(on.node) !== zoneOf(node)) ordered = undefined;
      countImages(on, -1);
      setNode(on, node);
      countImages(on, 1);
      index(on);
    },
    removeNode(name) {
      if (!known.delete(name)) return;
      ordered = undefined;
      const on = info(name);
      countImages(on, -1);
      on.images = new Map();
      index(on);
      if (on.pods.size === 0) infos.delete(name);
    },
    setPod(pod) {
      const key = objectKey(pod);
      const nodeName = pod.spec?.nodeName;
      const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      const place = placed.get(key);
      // An event from before the binding says nothing against the assumption.
      if (!nodeName && place?.assumed === true && place.pod.pod.metadata.uid === pod.metadata.uid) return;
      if (nodeName && !finished && place !== undefined && samePlacement(place, pod)) {
        // By far the most common: a status that changes nothing about the room it takes.
        if (place.assumed) placed.set(key, { ...place, assumed: false });
        return;
      }
      drop(key);
      if (nodeName && !finished) put(podInfo(pod), nodeName, false);
    },
    removePod(pod) {
      drop(objectKey(pod));
    },
    assume(pod, nodeName) {
      drop(pod.key);
      put(pod, nodeName, true);
    },
    forget(key) {
      if (placed.get(key)?.assumed === true) drop(key);
    },
    isAssumed: (key) => placed.get(key)?.assumed === true,
  };
}

/** A Pod that was resized holds what its node has not given back yet, which its status tells. */
const wasResized = ({ metadata }: Pod) => (metadata.generation ?? 1) > 1;
const heldBy = ({ status }: Pod) =>
  JSON.stringify([
    status?.containerStatuses?.map(({ resources, allocatedResources }) => [resources, allocatedResources]),
    status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason,
  ]);

function samePlacement({ node, pod: { pod: known } }: Place, pod: Pod): boolean {
  return (
    node === pod.spec?.nodeName &&
    (!wasResized(pod) || heldBy(known) === heldBy(pod)) &&
    known.metadata.uid === pod.metadata.uid &&
    known.metadata.generation === pod.metadata.generation &&
    known.metadata.deletionTimestamp === pod.metadata.deletionTimestamp &&
    known.status?.startTime === pod.status?.startTime &&
    sameLabels(known.metadata.labels, pod.metadata.labels)
  );
}

function sameLabels(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  if (a === b) return true;
  const keys = Object.keys(a ?? {});
  return keys.length === Object.keys(b ?? {}).length && keys.every((key) => a?.[key] === b?.[key]);
}
