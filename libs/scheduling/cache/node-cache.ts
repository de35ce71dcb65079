import type { Node, Pod } from '@drydock/api/core/v1';
import { objectKey } from '@drydock/base/apimachinery';
import { portKey } from '../filters/index.ts';
import { addTo, amounts, podRequest, type NodeInfo, type PodRequest } from '../framework/index.ts';

interface MutableNodeInfo extends NodeInfo {
  node: Node;
  allocatable: Map<string, number>;
  readonly requested: Map<string, number>;
  readonly pods: Map<string, PodRequest>;
  readonly podsByOwner: Map<string, number>;
  readonly usedPorts: Set<string>;
}

/**
 * What is where: nodes and the Pods on them, kept up to date from events, plus the Pods that were just placed
 * and whose binding the events do not show yet (assumed).
 */
export interface NodeCache {
  /** Nodes in a stable order; changed in place by the methods below. */
  nodes(): readonly NodeInfo[];
  setNode(node: Node): void;
  removeNode(name: string): void;
  /** A Pod as events show it; Pods without a node, and finished ones, take no room. */
  setPod(pod: Pod): void;
  removePod(pod: Pod): void;
  /** Counts a Pod on a node before its binding is seen. */
  assume(request: PodRequest, nodeName: string): void;
  /** Takes an assumption back, unless events have confirmed it. */
  forget(key: string): void;
}

function placeholder(name: string): Node {
  return { metadata: { name } } as Node;
}

export function createNodeCache(): NodeCache {
  const infos = new Map<string, MutableNodeInfo>();
  const known = new Set<string>();
  const placed = new Map<string, { node: string; request: PodRequest; assumed: boolean }>();
  let ordered: MutableNodeInfo[] | undefined;

  function info(name: string): MutableNodeInfo {
    let found = infos.get(name);
    if (found === undefined) {
      found = {
        name,
        node: placeholder(name),
        allocatable: new Map(),
        requested: new Map(),
        pods: new Map(),
        podsByOwner: new Map(),
        usedPorts: new Set(),
      };
      infos.set(name, found);
    }
    return found;
  }

  function put(request: PodRequest, nodeName: string, assumed: boolean): void {
    const on = info(nodeName);
    placed.set(request.key, { node: nodeName, request, assumed });
    on.pods.set(request.key, request);
    addTo(on.requested, request.requests);
    if (request.owner !== undefined)
      on.podsByOwner.set(request.owner, (on.podsByOwner.get(request.owner) ?? 0) + 1);
    for (const port of request.hostPorts) on.usedPorts.add(portKey(port));
  }

  function drop(key: string): void {
    const place = placed.get(key);
    if (place === undefined) return;
    placed.delete(key);
    const on = info(place.node);
    on.pods.delete(key);
    addTo(on.requested, place.request.requests, -1);
    const { owner } = place.request;
    if (owner !== undefined) {
      const left = (on.podsByOwner.get(owner) ?? 1) - 1;
      if (left > 0) on.podsByOwner.set(owner, left);
      else on.podsByOwner.delete(owner);
    }
    for (const port of place.request.hostPorts) on.usedPorts.delete(portKey(port));
    if (on.pods.size === 0 && !known.has(on.name)) infos.delete(on.name);
  }

  return {
    nodes() {
      ordered ??= [...infos.values()].filter(({ name }) => known.has(name));
      return ordered;
    },
    setNode(node) {
      const name = node.metadata.name ?? '';
      if (!known.has(name)) {
        known.add(name);
        ordered = undefined;
      }
      const on = info(name);
      on.node = node;
      on.allocatable = amounts(node.status?.allocatable ?? node.status?.capacity);
    },
    removeNode(name) {
      if (!known.delete(name)) return;
      ordered = undefined;
      const on = infos.get(name);
      if (on !== undefined && on.pods.size === 0) infos.delete(name);
    },
    setPod(pod) {
      const key = objectKey(pod);
      const nodeName = pod.spec?.nodeName;
      const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      const place = placed.get(key);
      // An event from before the binding says nothing against the assumption.
      if (!nodeName && place?.assumed === true && place.request.pod.metadata.uid === pod.metadata.uid) return;
      drop(key);
      if (nodeName && !finished) put(podRequest(pod), nodeName, false);
    },
    removePod(pod) {
      drop(objectKey(pod));
    },
    assume(request, nodeName) {
      drop(request.key);
      put(request, nodeName, true);
    },
    forget(key) {
      if (placed.get(key)?.assumed === true) drop(key);
    },
  };
}
