import type {
  CycleState,
  NodeInfo,
  PodInfo,
  PostFilterResult,
  Snapshot,
  Status,
} from '../framework/index.ts';
import { unresolvable } from '../framework/index.ts';
import type { EnabledPlugin, Profile } from '../profile/index.ts';
import { fitErrorMessage, type Diagnosis } from './messages.ts';
import { filterNode, type FilterRun, type NominatedPods } from './run-filters.ts';

export interface DecideOptions {
  /** Picks among equally good nodes: uniform integer below its argument. */
  readonly pick: (count: number) => number;
  readonly nominated?: NominatedPods;
  /** Where in the list of nodes to begin; the last decision's `next`. Default 0. */
  readonly startAt?: number;
}

/** How nodes were rated. */
export interface Scores {
  readonly nodes: readonly NodeInfo[];
  /** Plugin → its weighted score of each of `nodes`. */
  readonly byPlugin: ReadonlyMap<string, readonly number[]>;
  readonly totals: readonly number[];
}

/** The outcome for one Pod. */
export type Decision =
  | {
      readonly kind: 'node';
      readonly node: string;
      readonly state: CycleState;
      /** Nodes looked at, and where to begin next time. */
      readonly evaluated: number;
      readonly next: number;
      readonly statuses: ReadonlyMap<string, Status>;
      /** Absent where there was nothing to choose. */
      readonly scores?: Scores;
    }
  | {
      readonly kind: 'unschedulable';
      readonly state: CycleState;
      readonly diagnosis: Diagnosis;
      readonly message: string;
      readonly postFilter?: PostFilterResult;
      /** The plugins that refused. */
      readonly refusedBy: ReadonlySet<string>;
      /** Those that wait for something on its way. */
      readonly pendingBy: ReadonlySet<string>;
      readonly next: number;
    }
  | { readonly kind: 'error'; readonly message: string };

/** Stands for all extenders among the plugins that refuse Pods. */
export const extenderName = 'Extender';

const leastNodes = 100;

/** How many nodes are enough: all of a small cluster, fewer of a large one the larger it is. */
export function nodesToFind(nodeCount: number, percentage: number | undefined): number {
  if (nodeCount < leastNodes) return nodeCount;
  const share = percentage || Math.max(5, Math.trunc(50 - nodeCount / 125));
  if (share >= 100) return nodeCount;
  return Math.max(leastNodes, Math.trunc((nodeCount * share) / 100));
}

interface Prepared {
  readonly run: FilterRun;
  readonly nodeNames: ReadonlySet<string> | undefined;
  /** The plugins that said which nodes can do. */
  readonly namedBy: readonly string[];
  /** The Pod is refused whatever the node. */
  readonly refusal?: Status;
}

function prepare(
  profile: Profile,
  state: CycleState,
  pod: PodInfo,
  snapshot: Snapshot,
  nominated: NominatedPods,
): Prepared {
  const skipped = new Set<string>();
  const namedBy: string[] = [];
  let nodeNames: ReadonlySet<string> | undefined;
  const run = (): FilterRun => ({
    filters: profile.points.filter.filter(({ plugin }) => !skipped.has(plugin.name)),
    stateful: profile.points.preFilter.filter(({ plugin }) => plugin.addPod !== undefined),
    nominated,
  });
  for (const { plugin } of profile.points.preFilter) {
    const result = plugin.preFilter?.(state, pod, snapshot);
    if (result?.status?.code === 'Skip') skipped.add(plugin.name);
    else if (result?.status !== undefined) {
      const refusal = { ...result.status, plugin: plugin.name };
      return { run: run(), nodeNames, namedBy, refusal };
    }
    if (result?.nodeNames !== undefined) {
      namedBy.push(plugin.name);
      const more = result.nodeNames;
      const both: ReadonlySet<string> =
        nodeNames === undefined ? more : new Set([...nodeNames].filter((name) => more.has(name)));
      nodeNames = both;
      if (both.size === 0) {
        const words = `node(s) didn't satisfy plugin(s) [${[...namedBy].sort().join(' ')}]`;
        const refusal = unresolvable(namedBy.length > 1 ? `${words} simultaneously` : words);
        return { run: run(), nodeNames, namedBy, refusal: { ...refusal, plugin: plugin.name } };
      }
    }
  }
  return { run: run(), nodeNames, namedBy };
}

/** Rates `nodes`, plugin by plugin. */
function score(
  profile: Profile,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  snapshot: Snapshot,
): Scores {
  const skipped = new Set<string>();
  for (const { plugin } of profile.points.preScore)
    if (plugin.preScore?.(state, pod, nodes, snapshot)?.code === 'Skip') skipped.add(plugin.name);
  const totals = new Array<number>(nodes.length).fill(0);
  const byPlugin = new Map<string, number[]>();
  for (const { plugin, weight } of profile.points.score) {
    if (skipped.has(plugin.name) || plugin.score === undefined) continue;
    const scores = new Array<number>(nodes.length);
    for (let at = 0; at < nodes.length; at++) scores[at] = plugin.score(state, pod, nodes[at] as NodeInfo);
    plugin.normalizeScore?.(state, pod, scores, nodes);
    for (let at = 0; at < nodes.length; at++) {
      const weighted = (scores[at] ?? 0) * weight;
      scores[at] = weighted;
      totals[at] = (totals[at] ?? 0) + weighted;
    }
    byPlugin.set(plugin.name, scores);
  }
  return { nodes, byPlugin, totals };
}

function best({ nodes, totals }: Scores, pick: (count: number) => number): string {
  let highest = Number.NEGATIVE_INFINITY;
  let winners: number[] = [];
  for (let at = 0; at < totals.length; at++) {
    const total = totals[at] ?? 0;
    if (total > highest) {
      highest = total;
      winners = [at];
    } else if (total === highest) winners.push(at);
  }
  return nodes[winners[winners.length > 1 ? pick(winners.length) : 0] ?? 0]?.name ?? '';
}

/** Asks the postFilter plugins one after another until one helps; answers their words otherwise. */
function afterFilter(
  points: readonly EnabledPlugin[],
  state: CycleState,
  pod: PodInfo,
  snapshot: Snapshot,
  diagnosis: Diagnosis,
): { result?: PostFilterResult; message: string } {
  const reasons: string[] = [];
  let result: PostFilterResult | undefined;
  for (const { plugin } of points) {
    const found = plugin.postFilter?.(state, pod, snapshot, diagnosis.statuses, diagnosis.absent);
    if (found === undefined) continue;
    if (found.status === undefined) return { result: found, message: '' };
    if (found.nominatedNodeName !== undefined) result ??= found;
    reasons.push(...found.status.reasons);
    if (found.status.code === 'UnschedulableAndUnresolvable') break;
  }
  return { result, message: reasons.join(', ') };
}

/** What the filters found. */
export interface Look {
  readonly profile: Profile;
  readonly pod: PodInfo;
  readonly snapshot: Snapshot;
  readonly state: CycleState;
  /** Nodes that do, so far. */
  feasible: readonly NodeInfo[];
  readonly statuses: Map<string, Status>;
  /** The Pod was refused before any node was looked at. */
  readonly refusal: Status | undefined;
  /** The plugins that said which nodes can do. */
  readonly namedBy: readonly string[];
  /** Where to begin next time. */
  readonly next: number;
  /** An extender took nodes away. */
  extenderRefused?: boolean;
}

/** Filters the nodes; a string says what went wrong. */
export function look(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
  options: DecideOptions,
): Look | string {
  const { startAt = 0, nominated = () => [] } = options;
  const state: CycleState = new Map();
  const all = snapshot.nodes;
  const { run, nodeNames, namedBy, refusal } = prepare(profile, state, pod, snapshot, nominated);
  state.set('filterRun', run);

  const statuses = new Map<string, Status>();
  const feasible: NodeInfo[] = [];
  const looked = { count: 0 };
  let error: string | undefined;
  if (refusal === undefined) {
    // A nominated node that still does is taken without looking at the others.
    const promised = snapshot.node(pod.pod.status?.nominatedNodeName ?? '');
    if (promised !== undefined && (nodeNames === undefined || nodeNames.has(promised.name))) {
      const status = filterNode(run, state, pod, promised);
      if (status === undefined) feasible.push(promised);
    }
    if (feasible.length === 0) findFeasible();
  }

  function findFeasible(): void {
    const nodes = nodeNames === undefined ? all : all.filter(({ name }) => nodeNames.has(name));
    const enough = nodesToFind(nodes.length, profile.percentageOfNodesToScore);
    for (let at = 0; at < nodes.length && feasible.length < enough; at++) {
      const node = nodes[(startAt + at) % nodes.length] as NodeInfo;
      looked.count++;
      const status = filterNode(run, state, pod, node);
      if (status === undefined) feasible.push(node);
      else {
        if (status.code === 'Error') {
          error = `running ${JSON.stringify(status.plugin ?? '')} filter plugin: ${status.reasons.join(', ')}`;
          return;
        }
        statuses.set(node.name, status);
      }
    }
  }

  if (refusal?.code === 'Error')
    error = `running PreFilter plugin ${JSON.stringify(refusal.plugin ?? '')}: ${refusal.reasons.join(', ')}`;
  if (error !== undefined) return error;
  const next = all.length === 0 ? 0 : (startAt + looked.count) % all.length;
  return { profile, pod, snapshot, state, feasible, statuses, refusal, namedBy, next };
}

/** No node does: what the postFilter plugins can do about it, and how it is told. */
export function unschedulable(found: Look): Extract<Decision, { kind: 'unschedulable' }> {
  const { profile, pod, snapshot, state, statuses, refusal, namedBy, next } = found;
  const nodeCount = snapshot.nodes.length;
  // Nodes that were not looked at are those that no plugin named; those that an extender left out go without a word.
  const absent =
    refusal ??
    (namedBy.length > 0
      ? unresolvable(`node(s) didn't satisfy plugin(s) [${[...namedBy].sort().join(' ')}]`)
      : unresolvable());
  const diagnosis: Diagnosis = {
    nodeCount,
    statuses,
    absent,
    ...(refusal === undefined ? {} : { preFilterMessage: refusal.reasons.join(', ') }),
  };
  const refusedBy = new Set(refusal === undefined ? namedBy : []);
  const pendingBy = new Set<string>();
  for (const { plugin, code } of [...(refusal === undefined ? [] : [refusal]), ...statuses.values()])
    if (plugin !== undefined) (code === 'Pending' ? pendingBy : refusedBy).add(plugin);
  // Nothing tells when an extender would change its mind: any event may.
  if (found.extenderRefused === true) refusedBy.add(extenderName);
  const { result, message } =
    nodeCount === 0
      ? { message: '' }
      : afterFilter(profile.points.postFilter, state, pod, snapshot, diagnosis);
  return {
    kind: 'unschedulable',
    state,
    diagnosis,
    message: fitErrorMessage(diagnosis, message),
    ...(result === undefined ? {} : { postFilter: result }),
    refusedBy,
    pendingBy,
    next,
  };
}

/** Rates the nodes that do; undefined where there is nothing to choose. */
export function rate({ profile, pod, snapshot, state, feasible }: Look): Scores | undefined {
  return feasible.length > 1 ? score(profile, state, pod, feasible, snapshot) : undefined;
}

/** The best of the nodes that do. */
export function choose(
  { state, feasible, statuses, next }: Look,
  scores: Scores | undefined,
  pick: (count: number) => number,
): Decision {
  return {
    kind: 'node',
    node: scores === undefined ? (feasible[0]?.name ?? '') : best(scores, pick),
    state,
    evaluated: feasible.length + statuses.size,
    next,
    statuses,
    ...(scores === undefined ? {} : { scores }),
  };
}

/** Chooses a node for a Pod. Pure, but for `pick` and for what a postFilter plugin sets going. */
export function decide(profile: Profile, pod: PodInfo, snapshot: Snapshot, options: DecideOptions): Decision {
  const found = look(profile, pod, snapshot, options);
  if (typeof found === 'string') return { kind: 'error', message: found };
  if (found.feasible.length === 0) return unschedulable(found);
  return choose(found, rate(found), options.pick);
}
