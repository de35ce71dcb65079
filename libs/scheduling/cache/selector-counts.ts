import type { LabelMatcher } from '@drydock/base/apimachinery';
import type { NodeCounts, NodeInfo, PodInfo } from '../framework/index.ts';

interface Counted {
  readonly namespace: string;
  readonly selector: LabelMatcher;
  readonly byNode: Map<string, number>;
}

const nobody: NodeCounts = new Map();
/** Selectors in use at once are those of the services and workloads of Pods that are being placed. */
const maxSelectors = 512;

/**
 * Live Pods per node for the selectors that were asked for lately, kept up as Pods come and go, so that spreading
 * thousands of Pods does not match every label of every Pod each time.
 */
export interface SelectorCounts {
  /** `nodes` are walked when the selector is new. Selectors that match everything count nothing, as in Kubernetes. */
  of(namespace: string, selector: LabelMatcher, nodes: Iterable<NodeInfo>): NodeCounts;
  changed(pod: PodInfo, nodeName: string, by: 1 | -1): void;
}

export const countsIn = ({ pod }: PodInfo, selector: LabelMatcher): boolean =>
  pod.metadata.deletionTimestamp === undefined && selector.matches(pod.metadata.labels);

export function createSelectorCounts(): SelectorCounts {
  const counted = new Map<string, Counted>();
  const byNamespace = new Map<string, Set<Counted>>();

  function begin(namespace: string, selector: LabelMatcher, nodes: Iterable<NodeInfo>): Counted {
    const oldest = counted.size >= maxSelectors ? counted.entries().next().value : undefined;
    if (oldest !== undefined) {
      counted.delete(oldest[0]);
      byNamespace.get(oldest[1].namespace)?.delete(oldest[1]);
    }
    const entry: Counted = { namespace, selector, byNode: new Map() };
    for (const { name, pods } of nodes) {
      let count = 0;
      for (const pod of pods.values()) if (pod.namespace === namespace && countsIn(pod, selector)) count++;
      if (count > 0) entry.byNode.set(name, count);
    }
    const siblings = byNamespace.get(namespace);
    if (siblings === undefined) byNamespace.set(namespace, new Set([entry]));
    else siblings.add(entry);
    return entry;
  }

  return {
    of(namespace, selector, nodes) {
      if (selector.requirements.length === 0) return nobody;
      const key = `${namespace}\0${selector.toString()}`;
      const entry = counted.get(key) ?? begin(namespace, selector, nodes);
      counted.delete(key);
      counted.set(key, entry);
      return entry.byNode;
    },
    changed(pod, nodeName, by) {
      for (const { selector, byNode } of byNamespace.get(pod.namespace) ?? []) {
        if (!countsIn(pod, selector)) continue;
        const now = (byNode.get(nodeName) ?? 0) + by;
        if (now > 0) byNode.set(nodeName, now);
        else byNode.delete(nodeName);
      }
    },
  };
}
