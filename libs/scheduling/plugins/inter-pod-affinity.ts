import type { Pod } from '@drydock/api/core/v1';
import {
  maxNodeScore,
  podInfo,
  skip,
  unresolvable,
  unschedulable,
  type AffinityTerm,
  type ClusterEvent,
  type CycleState,
  type NodeInfo,
  type Plugin,
  type PodInfo,
} from '../framework/index.ts';

/** InterPodAffinityArgs of kubescheduler.config.k8s.io/v1. */
export interface InterPodAffinityArgs {
  /** What a required affinity of a Pod that is there counts for a Pod that comes. Default 1. */
  readonly hardPodAffinityWeight?: number;
  /** Pods without preferences of their own are not rated by those of others. Default false. */
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

type Labels = Readonly<Record<string, string>> | undefined;

const affinityUnmet = unresolvable("node(s) didn't match pod affinity rules");
const antiAffinityUnmet = unschedulable("node(s) didn't match pod anti-affinity rules");
const othersAntiAffinity = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");

/** Topology key → value → number. */
class TopologyCounts {
  readonly byKey = new Map<string, Map<string, number>>();
  add(key: string, value: string | undefined, by: number): void {
    if (value === undefined || by === 0) return;
    let values = this.byKey.get(key);
    if (values === undefined) this.byKey.set(key, (values = new Map()));
    const now = (values.get(value) ?? 0) + by;
    if (now === 0) values.delete(value);
    else values.set(value, now);
    if (values.size === 0) this.byKey.delete(key);
  }
  get(key: string, value: string): number {
    return this.byKey.get(key)?.get(value) ?? 0;
  }
  get empty(): boolean {
    return this.byKey.size === 0;
  }
}

interface FilterState {
  /** Where Pods are whose anti-affinity the Pod would break. */
  readonly existingAnti: TopologyCounts;
  /** Where Pods are that satisfy all its affinity terms; and any of its anti-affinity terms. */
  readonly affinity: TopologyCounts;
  readonly anti: TopologyCounts;
  readonly namespaceLabels: Labels;
}

/** Several errors as one text, as Kubernetes writes them. */
const aggregate = (problems: readonly string[]) => {
  const distinct = [...new Set(problems)];
  return distinct.length === 1 ? distinct[0] : `[${distinct.join(', ')}]`;
};

/** Attracts Pods to Pods, and keeps them apart. `namespaceLabels` answers the labels of a namespace. */
export function interPodAffinity(
  args: InterPodAffinityArgs = {},
  namespaceLabels: (namespace: string) => Labels = () => undefined,
): Plugin {
  const name = 'InterPodAffinity';
  const hardWeight = args.hardPodAffinityWeight ?? 1;

  const matches = (term: AffinityTerm, pod: PodInfo, labels: Labels = namespaceLabels(pod.namespace)) =>
    (term.namespaces.has(pod.namespace) || term.namespaceSelector?.matches(labels ?? {}) === true) &&
    term.selector.matches(pod.pod.metadata.labels);
  const matchesAll = (terms: readonly AffinityTerm[], pod: PodInfo) =>
    terms.length > 0 && terms.every((term) => matches(term, pod));

  /** Counts what a Pod on a node means to the Pod that comes. */
  function count(state: FilterState, pod: PodInfo, existing: PodInfo, node: NodeInfo, by: 1 | -1): void {
    const labels = node.node.metadata.labels;
    for (const term of existing.requiredAntiAffinity)
      if (matches(term, pod, state.namespaceLabels))
        state.existingAnti.add(term.topologyKey, labels?.[term.topologyKey], by);
    countOwn(state, pod, existing, labels, by);
  }

  function countOwn(state: FilterState, pod: PodInfo, existing: PodInfo, labels: Labels, by: 1 | -1): void {
    if (matchesAll(pod.requiredAffinity, existing))
      for (const { topologyKey } of pod.requiredAffinity)
        state.affinity.add(topologyKey, labels?.[topologyKey], by);
    for (const term of pod.requiredAntiAffinity)
      if (matches(term, existing)) state.anti.add(term.topologyKey, labels?.[term.topologyKey], by);
  }

  function satisfiesAffinity(state: FilterState, pod: PodInfo, labels: Labels): boolean {
    let found = true;
    for (const { topologyKey } of pod.requiredAffinity) {
      const value = labels?.[topologyKey];
      if (value === undefined) return false;
      if (state.affinity.get(topologyKey, value) <= 0) found = false;
    }
    // The first of a group that wants to be together may go anywhere.
    return found || (state.affinity.empty && matchesAll(pod.requiredAffinity, pod));
  }

  function scoreExisting(
    into: TopologyCounts,
    pod: PodInfo,
    existing: PodInfo,
    node: NodeInfo,
    ownLabels: Labels,
  ): void {
    const labels = node.node.metadata.labels;
    const add = (terms: readonly AffinityTerm[], target: PodInfo, factor: number, known?: Labels) => {
      for (const term of terms)
        if (matches(term, target, known))
          into.add(term.topologyKey, labels?.[term.topologyKey], term.weight * factor);
    };
    add(pod.preferredAffinity, existing, 1);
    add(pod.preferredAntiAffinity, existing, -1);
    if (hardWeight > 0) add(existing.requiredAffinity, pod, hardWeight, ownLabels);
    add(existing.preferredAffinity, pod, 1, ownLabels);
    add(existing.preferredAntiAffinity, pod, -1, ownLabels);
  }

  const change = (state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, by: 1 | -1) => {
    const found = state.get(name) as FilterState | undefined;
    if (found !== undefined) count(found, pod, other, node, by);
  };

  /** One event is looked at for many Pods. */
  const infos = new WeakMap<Pod, PodInfo>();
  const infoOf = (pod: Pod): PodInfo => {
    const info = infos.get(pod) ?? podInfo(pod);
    infos.set(pod, info);
    return info;
  };

  /** The Pods of its terms came, or those that it keeps away from, or that keep it away, went. */
  function podHelps(pod: PodInfo, { object, previous }: ClusterEvent): boolean {
    const [now, before] = [object, previous].map((one) => one && infoOf(one as Pod));
    const attracts = (other: PodInfo | undefined) =>
      other !== undefined && matchesAll(pod.requiredAffinity, other);
    if (!attracts(before) && attracts(now)) return true;
    const repels = (other: PodInfo | undefined) =>
      other !== undefined &&
      (pod.requiredAntiAffinity.some((term) => matches(term, other)) ||
        other.requiredAntiAffinity.some((term) => matches(term, pod)));
    return repels(before) && !repels(now);
  }

  /** A node came to a domain of a term, or left one that an anti-affinity closes. */
  function nodeHelps(pod: PodInfo, { object, previous }: ClusterEvent): boolean {
    const [now, before] = [object, previous].map((one) => one?.metadata.labels);
    const moved = (key: string) =>
      now?.[key] !== undefined && before?.[key] !== undefined && now[key] !== before[key];
    // Others keep it away, by keys of theirs.
    if (pod.requiredAffinity.length + pod.requiredAntiAffinity.length === 0) return true;
    return (
      pod.requiredAffinity.some(
        ({ topologyKey: key }) => moved(key) || (now?.[key] !== undefined && before?.[key] === undefined),
      ) ||
      pod.requiredAntiAffinity.some(
        ({ topologyKey: key }) =>
          previous === undefined || moved(key) || (before?.[key] !== undefined && now?.[key] === undefined),
      )
    );
  }

  return {
    name,
    preFilter(state, pod, snapshot) {
      if (pod.problems.length > 0) return { status: unresolvable(`parsing pod: ${aggregate(pod.problems)}`) };
      const found: FilterState = {
        existingAnti: new TopologyCounts(),
        affinity: new TopologyCounts(),
        anti: new TopologyCounts(),
        namespaceLabels: namespaceLabels(pod.namespace),
      };
      for (const node of snapshot.withRequiredAntiAffinity) {
        const labels = node.node.metadata.labels;
        for (const existing of node.podsWithRequiredAntiAffinity)
          for (const term of existing.requiredAntiAffinity)
            if (matches(term, pod, found.namespaceLabels))
              found.existingAnti.add(term.topologyKey, labels?.[term.topologyKey], 1);
      }
      const own = pod.requiredAffinity.length + pod.requiredAntiAffinity.length > 0;
      if (own)
        for (const node of snapshot.nodes)
          for (const existing of node.pods.values())
            countOwn(found, pod, existing, node.node.metadata.labels, 1);
      state.set(name, found);
      return !own && found.existingAnti.empty ? { status: skip } : undefined;
    },
    addPod: (state, pod, added, node) => change(state, pod, added, node, 1),
    removePod: (state, pod, removed, node) => change(state, pod, removed, node, -1),
    filter(state, pod, { node }) {
      const found = state.get(name) as FilterState | undefined;
      if (found === undefined) return undefined;
      const { labels } = node.metadata;
      if (!satisfiesAffinity(found, pod, labels)) return affinityUnmet;
      for (const { topologyKey } of pod.requiredAntiAffinity) {
        const value = labels?.[topologyKey];
        if (value !== undefined && found.anti.get(topologyKey, value) > 0) return antiAffinityUnmet;
      }
      for (const [key, values] of found.existingAnti.byKey) {
        const value = labels?.[key];
        if (value !== undefined && (values.get(value) ?? 0) > 0) return othersAntiAffinity;
      }
      return undefined;
    },
    preScore(state, pod, _nodes, snapshot) {
      const own = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
      if (!own && args.ignorePreferredTermsOfExistingPods === true) return skip;
      const scores = new TopologyCounts();
      const ownLabels = namespaceLabels(pod.namespace);
      for (const node of own ? snapshot.nodes : snapshot.withAffinity)
        for (const existing of own ? node.pods.values() : node.podsWithAffinity)
          scoreExisting(scores, pod, existing, node, ownLabels);
      if (scores.empty) return skip;
      state.set(`${name}/score`, scores);
      return undefined;
    },
    score(state, _, { node }) {
      let sum = 0;
      for (const [key, values] of (state.get(`${name}/score`) as TopologyCounts).byKey)
        sum += values.get(node.metadata.labels?.[key] ?? '') ?? 0;
      return sum;
    },
    normalizeScore(_state, _pod, scores) {
      let lowest = Number.MAX_SAFE_INTEGER;
      let highest = Number.MIN_SAFE_INTEGER;
      for (const score of scores) {
        if (score < lowest) lowest = score;
        if (score > highest) highest = score;
      }
      const span = highest - lowest;
      for (let at = 0; at < scores.length; at++)
        // In this order: what is left of a fraction is cut off as Go does it.
        scores[at] = span > 0 ? Math.trunc(maxNodeScore * (((scores[at] ?? 0) - lowest) / span)) : 0;
    },
    events: [
      { resource: 'AssignedPod', actions: ['Add', 'Delete', 'UpdatePodLabel'], hint: podHelps },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'], hint: nodeHelps },
    ],
  };
}
