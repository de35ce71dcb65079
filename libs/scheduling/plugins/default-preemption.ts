import type { PodDisruptionBudget } from '@drydock/api/policy/v1';
import { parseTime, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import {
  addPodTo,
  cloneNodeInfo,
  failure,
  removePodFrom,
  unresolvable,
  unschedulable,
  type CycleState,
  type NodeInfo,
  type NodeStatuses,
  type Plugin,
  type PodInfo,
  type PostFilterResult,
  type PreemptionCandidate,
  type Snapshot,
  type Status,
} from '../framework/index.ts';
import type { Listers } from './listers.ts';

/** DefaultPreemptionArgs of kubescheduler.config.k8s.io/v1. */
export interface DefaultPreemptionArgs {
  /** Default 10. */
  readonly minCandidateNodesPercentage?: number;
  /** Default 100. */
  readonly minCandidateNodesAbsolute?: number;
}

export interface PreemptionDeps {
  readonly listers: Pick<Listers, 'budgets'>;
  /** Runs the filters of the attempt that `state` belongs to on a node as it would be. */
  readonly filter: (state: CycleState, pod: PodInfo, node: NodeInfo) => Status | undefined;
  /** Tells the stateful plugins of the attempt that a Pod went or came. */
  readonly changed: (
    state: CycleState,
    pod: PodInfo,
    other: PodInfo,
    node: NodeInfo,
    change: 'addPod' | 'removePod',
  ) => void;
  /** Uniform integer below its argument. */
  readonly pick: (count: number) => number;
  /** Now, in ms. */
  readonly now: () => number;
  /** Wording of the error for no node at all. */
  readonly message: (nodeCount: number, statuses: ReadonlyMap<string, Status>, absent: Status) => string;
}

export type Candidate = PreemptionCandidate;

const startedMs = ({ pod }: PodInfo, nowMs: number) =>
  pod.status?.startTime === undefined ? nowMs : parseTime(pod.status.startTime);

/** Below zero when `a` is worth more: by priority, then by age. */
export function byImportance(nowMs: number): (a: PodInfo, b: PodInfo) => number {
  return (a, b) => b.priority - a.priority || startedMs(a, nowMs) - startedMs(b, nowMs);
}

/** Splits Pods, in order, into those whose eviction a budget forbids, and the others. */
export function splitByBudgets(
  pods: readonly PodInfo[],
  budgetsOf: (namespace: string) => readonly PodDisruptionBudget[],
): { violating: PodInfo[]; others: PodInfo[] } {
  const left = new Map<PodDisruptionBudget, number>();
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) {
    const { labels, name = '' } = info.pod.metadata;
    let violates = false;
    if (Object.keys(labels ?? {}).length > 0) {
      for (const budget of budgetsOf(info.namespace)) {
        if (budget.spec?.selector === undefined) continue;
        const selector = selectorFromLabelSelector(budget.spec.selector);
        if (selector.empty || !selector.matches(labels)) continue;
        if (budget.status?.disruptedPods?.[name] !== undefined) continue;
        const now = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
        left.set(budget, now);
        if (now < 0) violates = true;
      }
    }
    (violates ? violating : others).push(info);
  }
  return { violating, others };
}

/** The candidate that costs least: budgets, then the highest priority, their sum, their number, the latest start. */
export function pickCandidate(candidates: readonly Candidate[], nowMs: number): Candidate | undefined {
  const offset = 2 ** 31;
  const costs: ((candidate: Candidate) => number)[] = [
    ({ violations }) => violations,
    ({ victims }) => victims[0]?.priority ?? 0,
    ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + offset, 0),
    ({ victims }) => victims.length,
    ({ victims }) => {
      const highest = Math.max(...victims.map(({ priority }) => priority));
      const times = victims
        .filter(({ priority }) => priority === highest)
        .map((victim) => startedMs(victim, nowMs));
      return -Math.min(...times);
    },
  ];
  let left = candidates;
  for (const cost of costs) {
    if (left.length <= 1) break;
    const values = left.map(cost);
    const lowest = Math.min(...values);
    left = left.filter((_, at) => values[at] === lowest);
  }
  return left[0];
}

function terminatingByPreemption({ pod }: PodInfo): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false;
  const target = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler';
}

/** Makes room for a Pod by evicting less important ones from the node where that costs least. */
export function defaultPreemption(args: DefaultPreemptionArgs, deps: PreemptionDeps): Plugin {
  const { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 } = args;

  function ineligible(pod: PodInfo, snapshot: Snapshot, nominatedStatus: Status): string | undefined {
    if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
    const nominated = pod.pod.status?.nominatedNodeName ?? '';
    if (nominated === '' || nominatedStatus.code === 'UnschedulableAndUnresolvable') return undefined;
    for (const other of snapshot.node(nominated)?.pods.values() ?? [])
      if (other.priority < pod.priority && terminatingByPreemption(other))
        return 'not eligible due to a terminating pod on the nominated node.';
    return undefined;
  }

  /** The fewest and least important Pods that must go from `original` for `pod` to fit. */
  function tryNode(state: CycleState, pod: PodInfo, original: NodeInfo): Candidate | Status {
    const potential = [...original.pods.values()].filter(({ priority }) => priority < pod.priority);
    if (potential.length === 0) return unresolvable('No preemption victims found for incoming pod');
    const node = cloneNodeInfo(original);
    const remove = (victim: PodInfo) => {
      removePodFrom(node, victim);
      deps.changed(state, pod, victim, node, 'removePod');
    };
    const restore = (victim: PodInfo) => {
      addPodTo(node, victim);
      deps.changed(state, pod, victim, node, 'addPod');
    };
    potential.forEach(remove);
    const refusal = deps.filter(state, pod, node);
    if (refusal !== undefined) {
      potential.forEach(restore);
      return refusal;
    }
    potential.sort(byImportance(deps.now()));
    const victims: PodInfo[] = [];
    const reprieve = (victim: PodInfo): boolean => {
      restore(victim);
      if (deps.filter(state, pod, node) === undefined) return true;
      remove(victim);
      victims.push(victim);
      return false;
    };
    const { violating, others } = splitByBudgets(potential, (namespace) => deps.listers.budgets(namespace));
    const violations = violating.filter((victim) => !reprieve(victim)).length;
    others.forEach(reprieve);
    victims.forEach(restore);
    victims.sort(byImportance(deps.now()));
    return { node: node.name, victims, violations };
  }

  function postFilter(
    state: CycleState,
    pod: PodInfo,
    snapshot: Snapshot,
    statuses: NodeStatuses,
    absent: Status = unresolvable(),
  ): PostFilterResult {
    const statusOf = (name: string) => statuses.get(name) ?? absent;
    const why = ineligible(pod, snapshot, statusOf(pod.pod.status?.nominatedNodeName ?? ''));
    if (why !== undefined) return { status: unschedulable(`preemption: ${why}`) };
    const potential = snapshot.nodes.filter(({ name }) => statusOf(name).code === 'Unschedulable');
    const refusals = new Map<string, Status>();
    const keeping: Candidate[] = [];
    const breaking: Candidate[] = [];
    const enough = Math.min(
      potential.length,
      Math.max(Math.trunc((potential.length * minCandidateNodesPercentage) / 100), minCandidateNodesAbsolute),
    );
    const offset = potential.length === 0 ? 0 : deps.pick(potential.length);
    for (let at = 0; at < potential.length; at++) {
      if (keeping.length > 0 && keeping.length + breaking.length >= enough) break;
      const node = potential[(offset + at) % potential.length] as NodeInfo;
      const found = tryNode(state, pod, node);
      if (!('victims' in found)) refusals.set(node.name, found);
      else if (found.victims.length > 0) (found.violations === 0 ? keeping : breaking).push(found);
      else
        refusals.set(
          node.name,
          failure(`expected at least one victim pod on node ${JSON.stringify(node.name)}`),
        );
    }
    const candidates = [...keeping, ...breaking];
    const best = pickCandidate(candidates, deps.now());
    if (best !== undefined) return { nominatedNodeName: best.node, victims: best.victims, candidates };
    const helpless = unresolvable('Preemption is not helpful for scheduling');
    const message = deps.message(snapshot.nodes.length, refusals, helpless);
    return { status: unschedulable(`preemption: ${message}`), nominatedNodeName: '' };
  }

  return { name: 'DefaultPreemption', postFilter, events: [] };
}
