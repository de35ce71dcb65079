import type { Pod, TopologySpreadConstraint } from '@drydock/api/core/v1';
import type { LabelMatcher } from '@drydock/base/apimachinery';
import {
  maxNodeScore,
  skip,
  unresolvable,
  unschedulable,
  untolerated,
  withLabelKeys,
  type CycleState,
  type NodeCounts,
  type NodeInfo,
  type Plugin,
  type PodInfo,
  type Snapshot,
} from '../framework/index.ts';
import { matchesRequired } from './node-affinity.ts';
import { spreadEvents } from './spread-events.ts';

/** PodTopologySpreadArgs of kubescheduler.config.k8s.io/v1. */
export interface PodTopologySpreadArgs {
  /** Constraints for Pods that have none; their selector comes from the Pod's services and owner. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
  /** `System` (default): over hosts and zones, softly. `List`: `defaultConstraints`. */
  readonly defaultingType?: 'System' | 'List';
}

const hostname = 'kubernetes.io/hostname';
const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

const missingLabel = unresolvable(
  "node(s) didn't match pod topology spread constraints (missing required label)",
);
const skewed = unschedulable("node(s) didn't match pod topology spread constraints");

/** A constraint of a Pod, compiled. */
export interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: LabelMatcher;
  readonly honorAffinity: boolean;
  readonly honorTaints: boolean;
}

function compile(
  constraint: TopologySpreadConstraint,
  labels: Readonly<Record<string, string>> | undefined,
): Constraint {
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector: withLabelKeys(constraint.labelSelector, labels, constraint.matchLabelKeys),
    honorAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

interface FilterState {
  readonly constraints: readonly Constraint[];
  /** For each constraint: topology value → matching Pods there. */
  readonly counts: readonly Map<string, number>[];
  /** For each constraint: the lowest count; undefined when it must be found anew. */
  readonly lowest: (number | undefined)[];
}

interface ScoreState {
  readonly constraints: readonly Constraint[];
  readonly ignored: ReadonlySet<string>;
  readonly counts: readonly Map<string, number>[];
  readonly weights: readonly number[];
  readonly onNode: readonly NodeCounts[];
}

const hasAllKeys = (
  labels: Readonly<Record<string, string>> | undefined,
  constraints: readonly Constraint[],
) => constraints.every(({ topologyKey }) => labels?.[topologyKey] !== undefined);

function counts(constraint: Constraint, pod: PodInfo, node: NodeInfo): boolean {
  if (constraint.honorAffinity && !matchesRequired(pod, node.node)) return false;
  return (
    !constraint.honorTaints ||
    untolerated(node.node.spec?.taints, pod.pod.spec?.tolerations, ['NoSchedule', 'NoExecute']) === undefined
  );
}

const lowestOf = (state: FilterState, at: number): number => {
  const known = state.lowest[at];
  if (known !== undefined) return known;
  let lowest = Number.MAX_SAFE_INTEGER;
  for (const value of state.counts[at]?.values() ?? []) if (value < lowest) lowest = value;
  state.lowest[at] = lowest;
  return lowest;
};

/** Spreads like Pods over topology domains. `defaultSelector` finds what selects a Pod's likes (its services, its owner). */
export function podTopologySpread(
  args: PodTopologySpreadArgs = {},
  defaultSelector: (pod: Pod) => LabelMatcher | undefined = () => undefined,
): Plugin {
  const name = 'PodTopologySpread';
  const system = (args.defaultingType ?? 'System') === 'System';
  const defaults = system ? systemDefaults : (args.defaultConstraints ?? []);

  function constraintsOf({ pod }: PodInfo, action: string): readonly Constraint[] {
    const own = pod.spec?.topologySpreadConstraints ?? [];
    if (own.length > 0) {
      return own
        .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
        .map((constraint) => compile(constraint, pod.metadata.labels));
    }
    const wanted = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action);
    if (wanted.length === 0) return [];
    const selector = defaultSelector(pod);
    if (selector === undefined || selector.empty) return [];
    return wanted.map((constraint) => ({ ...compile(constraint, undefined), selector }));
  }

  /** A Pod came to a node or left it: what the filter counted changes. */
  function change(state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, by: 1 | -1): void {
    const filterState = state.get(name) as FilterState | undefined;
    if (filterState === undefined || other.namespace !== pod.namespace) return;
    const { labels } = node.node.metadata;
    if (!hasAllKeys(labels, filterState.constraints)) return;
    filterState.constraints.forEach((constraint, at) => {
      if (!constraint.selector.matches(other.pod.metadata.labels) || !counts(constraint, pod, node)) return;
      const value = labels?.[constraint.topologyKey] ?? '';
      const count = filterState.counts[at];
      count?.set(value, (count.get(value) ?? 0) + by);
      filterState.lowest[at] = undefined;
    });
  }

  function preFilter(state: CycleState, pod: PodInfo, snapshot: Snapshot) {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    if (constraints.length === 0) return { status: skip };
    const found = constraints.map(() => new Map<string, number>());
    const onNode = constraints.map(({ selector }) => snapshot.counts(pod.namespace, selector));
    for (const node of snapshot.nodes) {
      const { labels } = node.node.metadata;
      if (!hasAllKeys(labels, constraints)) continue;
      for (let at = 0; at < constraints.length; at++) {
        const constraint = constraints[at] as Constraint;
        if (!counts(constraint, pod, node)) continue;
        const value = labels?.[constraint.topologyKey] ?? '';
        const domains = found[at] as Map<string, number>;
        domains.set(value, (domains.get(value) ?? 0) + (onNode[at]?.get(node.name) ?? 0));
      }
    }
    state.set(name, { constraints, counts: found, lowest: [] } satisfies FilterState);
    return undefined;
  }

  return {
    name,
    preFilter,
    addPod: (state, pod, added, node) => change(state, pod, added, node, 1),
    removePod: (state, pod, removed, node) => change(state, pod, removed, node, -1),
    filter(state, pod, node) {
      const found = state.get(name) as FilterState | undefined;
      if (found === undefined) return undefined;
      const { labels } = node.node.metadata;
      for (let at = 0; at < found.constraints.length; at++) {
        const { topologyKey, maxSkew, minDomains, selector } = found.constraints[at] as Constraint;
        const value = labels?.[topologyKey];
        if (value === undefined) return missingLabel;
        const domains = found.counts[at] as Map<string, number>;
        const lowest = domains.size < minDomains ? 0 : lowestOf(found, at);
        const self = selector.matches(pod.pod.metadata.labels) ? 1 : 0;
        if ((domains.get(value) ?? 0) + self - lowest > maxSkew) return skewed;
      }
      return undefined;
    },
    preScore(state, pod, nodes, snapshot) {
      const constraints = constraintsOf(pod, 'ScheduleAnyway');
      if (constraints.length === 0) return skip;
      // The system's defaults also spread over hosts where zones are not known.
      const all = (pod.pod.spec?.topologySpreadConstraints ?? []).length > 0 || !system;
      const ignored = new Set<string>();
      const found = constraints.map(() => new Map<string, number>());
      for (const { name: nodeName, node } of nodes) {
        if (all && !hasAllKeys(node.metadata.labels, constraints)) {
          ignored.add(nodeName);
          continue;
        }
        for (let at = 0; at < constraints.length; at++) {
          const key = (constraints[at] as Constraint).topologyKey;
          // Hosts are counted when they are scored.
          if (key !== hostname) found[at]?.set(node.metadata.labels?.[key] ?? '', 0);
        }
      }
      const onNode = constraints.map(({ selector }) => snapshot.counts(pod.namespace, selector));
      constraints.forEach((constraint, at) => {
        const domains = found[at] as Map<string, number>;
        // Where the nameless domain is the only one, its count says nothing that could differ.
        if (constraint.topologyKey === hostname || (domains.size === 1 && domains.has(''))) return;
        for (const [nodeName, count] of onNode[at] ?? []) {
          const node = snapshot.node(nodeName);
          if (node === undefined) continue;
          const { labels } = node.node.metadata;
          if (all && !hasAllKeys(labels, constraints)) continue;
          const value = labels?.[constraint.topologyKey] ?? '';
          const before = domains.get(value);
          if (before !== undefined && counts(constraint, pod, node)) domains.set(value, before + count);
        }
      });
      const weights = constraints.map(({ topologyKey }, at) =>
        Math.log((topologyKey === hostname ? nodes.length - ignored.size : (found[at]?.size ?? 0)) + 2),
      );
      state.set(`${name}/score`, {
        constraints,
        ignored,
        counts: found,
        weights,
        onNode,
      } satisfies ScoreState);
      return undefined;
    },
    score(state, _, node) {
      const {
        constraints,
        ignored,
        counts: found,
        weights,
        onNode,
      } = state.get(`${name}/score`) as ScoreState;
      if (ignored.has(node.name)) return 0;
      let score = 0;
      for (let at = 0; at < constraints.length; at++) {
        const { topologyKey, maxSkew } = constraints[at] as Constraint;
        const value = node.node.metadata.labels?.[topologyKey];
        if (value === undefined) continue;
        const count = topologyKey === hostname ? onNode[at]?.get(node.name) : found[at]?.get(value);
        score += (count ?? 0) * (weights[at] ?? 0) + (maxSkew - 1);
      }
      return Math.round(score);
    },
    normalizeScore(state, _, scores, nodes) {
      const { ignored } = state.get(`${name}/score`) as ScoreState;
      let lowest = Number.MAX_SAFE_INTEGER;
      let highest = 0;
      for (let at = 0; at < scores.length; at++) {
        if (ignored.has(nodes[at]?.name ?? '')) continue;
        const score = scores[at] ?? 0;
        if (score < lowest) lowest = score;
        if (score > highest) highest = score;
      }
      for (let at = 0; at < scores.length; at++) {
        if (ignored.has(nodes[at]?.name ?? '')) scores[at] = 0;
        else if (highest === 0) scores[at] = maxNodeScore;
        else scores[at] = Math.trunc((maxNodeScore * (highest + lowest - (scores[at] ?? 0))) / highest);
      }
    },
    events: spreadEvents((pod) => constraintsOf(pod, 'DoNotSchedule')),
  };
}
