import type { PodInfo } from '../framework/index.ts';

/** Pods that preemption has promised a node. */
export interface Nominator {
  /** '' takes a promise back. */
  set(pod: PodInfo, nodeName: string): void;
  remove(key: string): void;
  on(nodeName: string): readonly PodInfo[];
}

const none: readonly PodInfo[] = [];

export function createNominator(): Nominator {
  const byNode = new Map<string, PodInfo[]>();
  const nodeOf = new Map<string, string>();
  const remove = (key: string) => {
    const node = nodeOf.get(key);
    if (node === undefined) return;
    nodeOf.delete(key);
    const left = (byNode.get(node) ?? []).filter((pod) => pod.key !== key);
    if (left.length > 0) byNode.set(node, left);
    else byNode.delete(node);
  };
  return {
    set(pod, nodeName) {
      remove(pod.key);
      if (nodeName === '') return;
      nodeOf.set(pod.key, nodeName);
      byNode.set(nodeName, [...(byNode.get(nodeName) ?? []), pod]);
    },
    remove,
    on: (nodeName) => (byNode.size === 0 ? none : (byNode.get(nodeName) ?? none)),
  };
}
