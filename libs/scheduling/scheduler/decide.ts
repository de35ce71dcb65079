import type {
  Decision,
  FilterPlugin,
  NodeInfo,
  PodRequest,
  Refusal,
  ScorePlugin,
} from '../framework/index.ts';

export interface DecideOptions {
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
  /** Picks among equally good nodes: uniform integer below its argument. */
  readonly pick: (count: number) => number;
}

function normalized(plugin: ScorePlugin, raw: number[]): number[] {
  if (plugin.normalize === undefined || plugin.normalize === 'none') return raw;
  const highest = Math.max(...raw);
  if (highest === 0) return raw.map(() => (plugin.normalize === 'lowest' ? 100 : 0));
  return raw.map((value) => {
    const share = Math.floor((value * 100) / highest);
    return plugin.normalize === 'lowest' ? 100 - share : share;
  });
}

/** `3 Insufficient cpu, 1 node(s) were unschedulable`: reasons counted, sorted as text, as kube-scheduler prints them. */
function histogram(reasons: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}

/** The text of the FailedScheduling event and of the PodScheduled condition. */
export function unschedulableMessage(nodeCount: number, refusals: ReadonlyMap<string, Refusal>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const all = [...refusals.values()];
  const reasons = histogram(all.flatMap((refusal) => refusal.reasons));
  const preemption = histogram(
    all.map((refusal) =>
      refusal.unresolvable
        ? 'Preemption is not helpful for scheduling'
        : 'No preemption victims found for incoming pod',
    ),
  );
  return (
    `0/${nodeCount} nodes are available: ${reasons}. ` +
    `no new claims to deallocate, preemption: 0/${nodeCount} nodes are available: ${preemption}.`
  );
}

/** Chooses a node for a Pod. Pure, but for `pick`. */
export function decide(request: PodRequest, nodes: readonly NodeInfo[], options: DecideOptions): Decision {
  const refusals = new Map<string, Refusal>();
  const feasible: NodeInfo[] = [];
  for (const node of nodes) {
    let refusal: Refusal | undefined;
    for (const plugin of options.filters) {
      refusal = plugin.filter(request, node);
      if (refusal !== undefined) break;
    }
    if (refusal === undefined) feasible.push(node);
    else refusals.set(node.name, refusal);
  }
  if (feasible.length === 0) {
    return { kind: 'unschedulable', message: unschedulableMessage(nodes.length, refusals), refusals };
  }
  const totals = feasible.map(() => 0);
  if (feasible.length > 1) {
    for (const plugin of options.scores) {
      normalized(plugin, plugin.score(request, feasible)).forEach((value, at) => {
        totals[at] = (totals[at] ?? 0) + value * plugin.weight;
      });
    }
  }
  const best = Math.max(...totals);
  const winners = feasible.filter((_, at) => totals[at] === best);
  const winner = winners[options.pick(winners.length)] ?? feasible[0];
  return { kind: 'node', node: winner?.name ?? '', score: best, evaluated: nodes.length };
}
