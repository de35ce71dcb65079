import type { Node, NodeAffinity, NodeSelector, PreferredSchedulingTerm } from '@drydock/api/core/v1';
import {
  nodeSelectorMatches,
  nodeSelectorTermMatches,
  skip,
  unresolvable,
  type Plugin,
  type PodInfo,
} from '../framework/index.ts';
import { defaultNormalizeScore } from './normalize.ts';

export interface NodeAffinityArgs {
  /** Holds for every Pod of the profile, beside its own. */
  readonly addedAffinity?: NodeAffinity;
}

const mismatch = unresolvable("node(s) didn't match Pod's node affinity/selector");
const addedMismatch = unresolvable("node(s) didn't match scheduler-enforced node affinity");

/** Whether a node satisfies `nodeSelector` and the required node affinity of a Pod. */
export function matchesRequired({ pod }: Pick<PodInfo, 'pod'>, node: Node): boolean {
  const labels = node.metadata.labels;
  const { nodeSelector, affinity } = pod.spec ?? {};
  if (nodeSelector !== undefined)
    for (const key in nodeSelector) if (labels?.[key] !== nodeSelector[key]) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || nodeSelectorMatches(required, node);
}

function namedNodes(required: NodeSelector | undefined): ReadonlySet<string> | undefined {
  const terms = required?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return undefined;
  const all = new Set<string>();
  for (const { matchFields } of terms) {
    let names: Set<string> | undefined;
    for (const { key, operator, values } of matchFields ?? []) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      const found = new Set(values ?? []);
      names = names === undefined ? found : new Set([...names].filter((name) => found.has(name)));
    }
    // A term that names no nodes may match any.
    if (names === undefined) return undefined;
    for (const name of names) all.add(name);
  }
  return all;
}

const preferred = (affinity: NodeAffinity | undefined): readonly PreferredSchedulingTerm[] =>
  affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** nodeSelector, required and preferred node affinity; and what the profile adds to them. */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): Plugin {
  const name = 'NodeAffinity';
  const added = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const does = (pod: PodInfo, node: Node) =>
    (added === undefined || nodeSelectorMatches(added, node)) && matchesRequired(pod, node);
  return {
    name,
    preFilter(_, { pod }) {
      const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
      const selector = pod.spec?.nodeSelector;
      if (added === undefined && required === undefined && Object.keys(selector ?? {}).length === 0)
        return { status: skip };
      const nodeNames = namedNodes(required);
      if (nodeNames?.size === 0) return { status: unresolvable('pod affinity terms conflict') };
      return nodeNames === undefined ? undefined : { nodeNames };
    },
    filter(_, pod, { node }) {
      if (added !== undefined && !nodeSelectorMatches(added, node)) return addedMismatch;
      return matchesRequired(pod, node) ? undefined : mismatch;
    },
    preScore(state, { pod }) {
      const terms = [...preferred(addedAffinity), ...preferred(pod.spec?.affinity?.nodeAffinity)];
      if (terms.length === 0) return skip;
      state.set(name, terms);
      return undefined;
    },
    score(state, _, { node }) {
      const terms = state.get(name) as readonly PreferredSchedulingTerm[];
      let sum = 0;
      for (const { weight, preference } of terms)
        if (weight !== 0 && nodeSelectorTermMatches(preference, node)) sum += weight;
      return sum;
    },
    normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, false),
    events: [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeLabel'],
        hint: (pod, { object, previous }) =>
          does(pod, object as Node) && (previous === undefined || !does(pod, previous as Node)),
      },
    ],
  };
}
