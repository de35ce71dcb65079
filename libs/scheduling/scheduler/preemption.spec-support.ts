import type { PodDisruptionBudget } from '@drydock/api/policy/v1';
import { buildProfiles } from '../config/index.ts';
import type { NodeInfo, PodInfo } from '../framework/index.ts';
import { snapshot } from '../framework/testing.spec-support.ts';
import type { Listers, PluginDeps } from '../plugins/index.ts';
import type { Profile } from '../profile/index.ts';
import { decide, type Decision } from './decide.ts';
import { fitErrorMessage } from './messages.ts';
import { filterNode, type FilterRun } from './run-filters.ts';

/** Now, for those that count the age of Pods. */
export const nowMs = Date.parse('2026-01-01T12:00:00Z');

export interface PreemptionWorld {
  readonly budgets?: readonly PodDisruptionBudget[];
  /** Pods that were promised a place, by node. */
  readonly nominated?: Readonly<Record<string, readonly PodInfo[]>>;
  /** Arguments of DefaultPreemption. */
  readonly args?: object;
  /** The node to begin with; default the first. */
  readonly offset?: number;
}

function profileOf({ budgets = [], args = {}, offset = 0 }: PreemptionWorld): Profile {
  const listers = {
    namespaceLabels: () => ({}),
    defaultSelector: () => undefined,
    budgets: (namespace: string) => budgets.filter(({ metadata }) => metadata.namespace === namespace),
    csiNode: () => undefined,
    classOfResource: () => undefined,
    attachments: () => [],
    resourceClaims: () => [],
    resourceSlices: () => [],
  } as unknown as Listers;
  const preemption: PluginDeps['preemption'] = {
    filter: (state, pod, node) => filterNode(state.get('filterRun') as FilterRun, state, pod, node),
    changed(state, pod, other, node, change) {
      for (const { plugin } of (state.get('filterRun') as FilterRun).stateful)
        plugin[change]?.(state, pod, other, node);
    },
    pick: () => offset,
    now: () => nowMs,
    message: (nodeCount, statuses, absent) => fitErrorMessage({ nodeCount, statuses, absent }),
  };
  const deps = {
    listers,
    volumes: {},
    devices: {},
    bind: () => Promise.resolve(),
    preemption,
  } as unknown as PluginDeps;
  const config = {
    apiVersion: '',
    kind: '',
    profiles: [{ pluginConfig: [{ name: 'DefaultPreemption', args: args as Record<string, unknown> }] }],
  };
  return buildProfiles(config, deps).get('default-scheduler') as Profile;
}

/** One attempt to place a Pod by the default profile. */
export function attempt(pod: PodInfo, nodes: readonly NodeInfo[], world: PreemptionWorld = {}): Decision {
  return decide(profileOf(world), pod, snapshot(nodes), {
    pick: () => 0,
    nominated: (name) => world.nominated?.[name] ?? [],
  });
}

const nameOf = ({ pod }: PodInfo) => pod.metadata.name ?? '';

/** What an attempt came to, in short: `node`, or who would have to go from where (`node: a, b`), or the words of the refusal. */
export function outcome(decision: Decision): string | Record<string, string> {
  if (decision.kind === 'node') return decision.node;
  if (decision.kind === 'error') return `error: ${decision.message}`;
  const { candidates } = decision.postFilter ?? {};
  if (candidates === undefined) return decision.message;
  return Object.fromEntries(
    candidates.map(({ node, victims, violations }) => [
      node,
      `${victims.map(nameOf).join(', ')}${violations === 0 ? '' : ` (${violations} protected)`}`,
    ]),
  );
}
