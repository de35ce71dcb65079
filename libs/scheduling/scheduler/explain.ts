import type { Pod } from '@drydock/api/core/v1';
import { objectKey } from '@drydock/base/apimachinery';
import type { PodInfo } from '../framework/index.ts';
import type { Profile } from '../profile/index.ts';
import type { Decision } from './decide.ts';

/** Why one node was refused, or how it was rated. */
export interface NodeExplanation {
  readonly node: string;
  /** Set on refused nodes. */
  readonly refusedBy?: string;
  readonly reasons?: readonly string[];
  /** Whether evicting Pods could help. */
  readonly resolvable?: boolean;
  /** Set on rated nodes: plugin → score times weight; and their sum. */
  readonly scores?: Readonly<Record<string, number>>;
  readonly total?: number;
}

/** The record of one attempt to place a Pod. */
export interface Explanation {
  readonly pod: string;
  readonly schedulerName: string;
  /** When, in ms since the epoch. */
  readonly timeMs: number;
  readonly attempt: number;
  readonly outcome: 'scheduled' | 'unschedulable' | 'error' | 'gated';
  /** Where it went; or the node it is promised. */
  readonly node?: string;
  readonly message: string;
  /** Nodes in the cluster, and how many of them were looked at. */
  readonly nodeCount: number;
  readonly evaluated: number;
  readonly victims: readonly string[];
  /** The best first; the refused ones last. */
  readonly nodes: readonly NodeExplanation[];
}

/** What is kept of an attempt; made readable on request only. */
export interface DecisionRecord {
  readonly pod: PodInfo;
  readonly schedulerName: string;
  readonly timeMs: number;
  readonly attempt: number;
  readonly nodeCount: number;
  readonly decision: Decision;
}

function nodesOf({ decision }: DecisionRecord): NodeExplanation[] {
  if (decision.kind === 'error') return [];
  const statuses = decision.kind === 'node' ? decision.statuses : decision.diagnosis.statuses;
  const refused = [...statuses].map(([node, status]) => ({
    node,
    refusedBy: status.plugin ?? '',
    reasons: status.reasons,
    resolvable: status.code === 'Unschedulable',
  }));
  if (decision.kind === 'unschedulable') return refused;
  const { scores } = decision;
  if (scores === undefined) return [{ node: decision.node, scores: {}, total: 0 }, ...refused];
  const rated = scores.nodes.map(({ name }, at) => ({
    node: name,
    scores: Object.fromEntries([...scores.byPlugin].map(([plugin, values]) => [plugin, values[at] ?? 0])),
    total: scores.totals[at] ?? 0,
  }));
  rated.sort(
    (a, b) => b.total - a.total || Number(b.node === decision.node) - Number(a.node === decision.node),
  );
  return [...rated, ...refused];
}

/** Makes a record readable. */
export function explain(record: DecisionRecord): Explanation {
  const { decision, pod, schedulerName, timeMs, attempt, nodeCount } = record;
  const nodes = nodesOf(record);
  const common = { pod: pod.key, schedulerName, timeMs, attempt, nodeCount, nodes };
  switch (decision.kind) {
    case 'node':
      return {
        ...common,
        outcome: 'scheduled',
        node: decision.node,
        message: `Successfully assigned ${pod.key} to ${decision.node}`,
        evaluated: decision.evaluated,
        victims: [],
      };
    case 'unschedulable':
      return {
        ...common,
        outcome: 'unschedulable',
        ...(decision.postFilter?.nominatedNodeName ? { node: decision.postFilter.nominatedNodeName } : {}),
        message: decision.message,
        evaluated: nodes.length,
        victims: (decision.postFilter?.victims ?? []).map(({ key }) => key),
      };
    case 'error':
      return { ...common, outcome: 'error', message: decision.message, evaluated: 0, victims: [] };
  }
}

/** The last decisions, forgotten oldest first once they hold more than `maxCells` node ratings together. */
export function createDecisionLog(maxRecords = 1_000, maxCells = 200_000) {
  const records = new Map<string, DecisionRecord>();
  let cells = 0;
  const weight = ({ decision }: DecisionRecord) =>
    decision.kind === 'error'
      ? 1
      : decision.kind === 'node'
        ? decision.statuses.size + (decision.scores?.nodes.length ?? 1)
        : decision.diagnosis.statuses.size + 1;
  const forget = (key: string) => {
    const known = records.get(key);
    if (known === undefined) return;
    records.delete(key);
    cells -= weight(known);
  };
  return {
    get: (key: string): DecisionRecord | undefined => records.get(key),
    forget,
    add(record: DecisionRecord): void {
      forget(record.pod.key);
      records.set(record.pod.key, record);
      cells += weight(record);
      for (const key of records.keys()) {
        if (records.size <= maxRecords && cells <= maxCells) break;
        forget(key);
      }
    },
  };
}

/** Which plugin keeps a Pod out of the queue, and why; undefined where none does. */
export function explainGates(
  pod: Pod,
  { schedulerName, points }: Profile,
  now: Pick<Explanation, 'timeMs' | 'nodeCount'>,
): Explanation | undefined {
  for (const { plugin } of points.preEnqueue) {
    const status = plugin.preEnqueue?.(pod);
    if (status === undefined) continue;
    const message = status.reasons.join(', ');
    const nothing = { attempt: 0, evaluated: 0, victims: [], nodes: [] };
    return { ...now, ...nothing, pod: objectKey(pod), schedulerName, outcome: 'gated', message };
  }
  return undefined;
}
