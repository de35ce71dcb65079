import type { Extender } from '../extender/index.ts';
import type { PodInfo, PostFilterResult, PreemptionCandidate, Snapshot } from '../framework/index.ts';
import { pickCandidate } from '../plugins/index.ts';
import type { Profile } from '../profile/index.ts';
import {
  choose,
  extenderName,
  look,
  rate,
  unschedulable,
  type DecideOptions,
  type Decision,
  type Look,
  type Scores,
} from './decide.ts';
import { fitErrorMessage } from './messages.ts';

export interface ExtendedOptions extends DecideOptions {
  /** Now, in ms. */
  readonly now: () => number;
  /** An error that changes nothing. */
  readonly ignored: (extender: Extender, error: unknown) => void;
}

/** Each extender takes nodes away, one after another; an error of one that matters is thrown. */
async function filter(
  found: Look,
  extenders: readonly Extender[],
  { ignored }: ExtendedOptions,
): Promise<void> {
  const before = found.feasible.length;
  for (const extender of extenders) {
    if (found.feasible.length === 0) break;
    try {
      const verdict = await extender.filter?.(found.pod, found.feasible);
      if (verdict === undefined) continue;
      for (const [node, reason] of verdict.failed)
        found.statuses.set(node, { code: 'Unschedulable', reasons: [reason], plugin: extenderName });
      for (const [node, reason] of verdict.unresolvable)
        found.statuses.set(node, {
          code: 'UnschedulableAndUnresolvable',
          reasons: [reason],
          plugin: extenderName,
        });
      found.feasible = verdict.nodes;
    } catch (error) {
      if (!extender.ignorable) throw error;
      ignored(extender, error);
    }
  }
  if (found.feasible.length !== before) found.extenderRefused = true;
}

/** Adds what the extenders say to the scores. An extender that fails to answer says nothing. */
async function prioritize(
  { pod, feasible }: Look,
  scores: Scores,
  extenders: readonly Extender[],
  { ignored }: ExtendedOptions,
): Promise<Scores> {
  const byPlugin = new Map(scores.byPlugin);
  const totals = [...scores.totals];
  await Promise.all(
    extenders.map(async (extender) => {
      try {
        const rated = await extender.prioritize?.(pod, feasible);
        if (rated === undefined) return;
        const values = scores.nodes.map(({ name }) => rated.get(name) ?? 0);
        byPlugin.set(extender.name, values);
        values.forEach((value, at) => (totals[at] = (totals[at] ?? 0) + value));
      } catch (error) {
        ignored(extender, error);
      }
    }),
  );
  return { nodes: scores.nodes, byPlugin, totals };
}

/** The candidates that all extenders agree to. */
async function agreed(
  pod: PodInfo,
  all: readonly PreemptionCandidate[],
  snapshot: Snapshot,
  extenders: readonly Extender[],
  { ignored }: ExtendedOptions,
): Promise<readonly PreemptionCandidate[]> {
  let left = all;
  for (const extender of extenders) {
    if (left.length === 0) break;
    try {
      const answer = await extender.preempt?.(pod, left, snapshot);
      if (answer === undefined) continue;
      const empty = answer.find(({ victims }) => victims.length === 0);
      if (empty !== undefined && !extender.ignorable)
        throw new Error(`expected at least one victim pod on node ${JSON.stringify(empty.node)}`);
      left = answer.filter(({ victims }) => victims.length > 0);
    } catch (error) {
      if (!extender.ignorable) throw error;
      ignored(extender, error);
    }
  }
  return left;
}

type Unschedulable = Extract<Decision, { kind: 'unschedulable' }>;

async function preempt(
  decision: Unschedulable,
  { pod, snapshot }: Look,
  extenders: readonly Extender[],
  options: ExtendedOptions,
): Promise<Unschedulable> {
  const { candidates } = decision.postFilter ?? {};
  if (candidates === undefined) return decision;
  const withdrawn = (reason: string): Unschedulable => {
    const { postFilter: _, ...rest } = decision;
    return { ...rest, message: fitErrorMessage(decision.diagnosis, `preemption: ${reason}`) };
  };
  try {
    const best = pickCandidate(await agreed(pod, candidates, snapshot, extenders, options), options.now());
    if (best === undefined) return withdrawn('no candidate node for preemption');
    const postFilter: PostFilterResult = { nominatedNodeName: best.node, victims: best.victims };
    return { ...decision, postFilter };
  } catch (error) {
    return withdrawn(error instanceof Error ? error.message : String(error));
  }
}

/** Chooses a node for a Pod that `extenders` have a say in. The snapshot may change while they are asked. */
export async function decideWithExtenders(
  profile: Profile,
  pod: PodInfo,
  snapshot: Snapshot,
  extenders: readonly Extender[],
  options: ExtendedOptions,
): Promise<Decision> {
  const found = look(profile, pod, snapshot, options);
  if (typeof found === 'string') return { kind: 'error', message: found };
  try {
    await filter(found, extenders, options);
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? error.message : String(error) };
  }
  if (found.feasible.length === 0) return preempt(unschedulable(found), found, extenders, options);
  const scores = rate(found);
  const all = scores && (await prioritize(found, scores, extenders, options));
  return choose(found, all, options.pick);
}
