import {
  nodeSelectorTermMatches,
  tolerates,
  type NodeInfo,
  type PodRequest,
  type ScorePlugin,
} from '../framework/index.ts';

/** Kubernetes counts these for containers that ask for nothing, so that such Pods spread too. */
const leastCpuMilli = 100;
const leastMemoryBytes = 200 * 1024 * 1024;

function wanted(request: PodRequest, resource: 'cpu' | 'memory'): number {
  return request.requests.get(resource) || (resource === 'cpu' ? leastCpuMilli : leastMemoryBytes);
}

function used(node: NodeInfo, resource: 'cpu' | 'memory'): number {
  let sum = 0;
  for (const other of node.pods.values()) sum += wanted(other, resource);
  return sum;
}

/** NodeResourcesFit with the LeastAllocated strategy: the emptier the better. */
export const leastAllocated: ScorePlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  score: (request, nodes) =>
    nodes.map((node) => {
      let score = 0;
      for (const resource of ['cpu', 'memory'] as const) {
        const capacity = node.allocatable.get(resource) ?? 0;
        const after = used(node, resource) + wanted(request, resource);
        if (capacity > 0 && after <= capacity) score += Math.floor(((capacity - after) * 100) / capacity);
      }
      return Math.floor(score / 2);
    }),
};

/** NodeResourcesBalancedAllocation: cpu and memory should fill alike. */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  score: (request, nodes) =>
    nodes.map((node) => {
      const shares = (['cpu', 'memory'] as const).map((resource) => {
        const capacity = node.allocatable.get(resource) ?? 0;
        const sum = (node.requested.get(resource) ?? 0) + (request.requests.get(resource) ?? 0);
        return capacity === 0 ? 1 : Math.min(1, sum / capacity);
      });
      const [cpu = 1, memory = 1] = shares;
      return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);
    }),
};

/** Nodes with fewer taints that would rather not have the Pod. */
export const preferUntainted: ScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  normalize: 'lowest',
  score: ({ pod }, nodes) =>
    nodes.map(
      ({ node }) =>
        (node.spec?.taints ?? []).filter(
          (taint) =>
            taint.effect === 'PreferNoSchedule' &&
            !pod.spec?.tolerations?.some((toleration) => tolerates(toleration, taint)),
        ).length,
    ),
};

/** The weights of the preferred node affinity terms that hold. */
export const preferredNodeAffinity: ScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  normalize: 'highest',
  score: ({ pod }, nodes) => {
    const terms = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return nodes.map(({ node }) =>
      terms.reduce(
        (sum, { weight, preference }) => (nodeSelectorTermMatches(preference, node) ? sum + weight : sum),
        0,
      ),
    );
  },
};

/** Spreads the Pods of one owner: the fewer of its Pods on the node, and in the node's zone, the better. */
export const replicaSpread: ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  normalize: 'lowest',
  score: ({ owner }, nodes) => {
    if (owner === undefined) return nodes.map(() => 0);
    const byZone = new Map<string, number>();
    for (const { node, podsByOwner } of nodes) {
      const zone = node.metadata.labels?.['topology.kubernetes.io/zone'];
      if (zone !== undefined) byZone.set(zone, (byZone.get(zone) ?? 0) + (podsByOwner.get(owner) ?? 0));
    }
    return nodes.map(({ node, podsByOwner }) => {
      const zone = node.metadata.labels?.['topology.kubernetes.io/zone'];
      return (podsByOwner.get(owner) ?? 0) + (zone === undefined ? 0 : (byZone.get(zone) ?? 0));
    });
  },
};

export const defaultScores: readonly ScorePlugin[] = [
  preferUntainted,
  preferredNodeAffinity,
  leastAllocated,
  balancedAllocation,
  replicaSpread,
];
