import type { Node, Taint } from '@drydock/api/core/v1';
import { formatTime } from '@drydock/base/apimachinery';

export const notReadyTaint: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' };
export const unreachableTaint: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
const unschedulableKey = 'node.kubernetes.io/unschedulable';

/** Condition type → its status → the key of the taint that it means. */
const conditionTaintKeys: Record<string, Record<string, string>> = {
  Ready: { False: notReadyTaint.key, Unknown: unreachableTaint.key },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
};
const ownKeys = new Set([unschedulableKey, ...Object.values(conditionTaintKeys).flatMap(Object.values)]);

export interface TaintChange {
  readonly add: readonly Taint[];
  readonly remove: readonly Taint[];
}

const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;

export function hasTaint(node: Node, taint: Taint): boolean {
  return node.spec?.taints?.some((present) => same(present, taint)) === true;
}

/** The NoSchedule taints that a node's conditions and `spec.unschedulable` ask for, against those it has. */
export function noScheduleChange(node: Node): TaintChange {
  const keys = (node.status?.conditions ?? []).flatMap(
    ({ type, status }) => conditionTaintKeys[type]?.[status] ?? [],
  );
  if (node.spec?.unschedulable === true) keys.push(unschedulableKey);
  const wanted = keys.map((key): Taint => ({ key, effect: 'NoSchedule' }));
  const present = (node.spec?.taints ?? []).filter(
    ({ key, effect }) => effect === 'NoSchedule' && ownKeys.has(key),
  );
  return {
    add: wanted.filter((taint) => !present.some((other) => same(taint, other))),
    remove: present.filter((taint) => !wanted.some((other) => same(taint, other))),
  };
}

/** The NoExecute taint for a Ready condition and the one that excludes it; undefined for a node that is ready. */
export function noExecuteChange(readyStatus: string | undefined): TaintChange | undefined {
  switch (readyStatus) {
    case 'False':
      return { add: [notReadyTaint], remove: [unreachableTaint] };
    case 'Unknown':
      return { add: [unreachableTaint], remove: [notReadyTaint] };
    default:
      return undefined;
  }
}

/** The taints of a node after a change; undefined when they stay as they are. */
export function applyTaints(
  present: readonly Taint[] | undefined,
  change: TaintChange,
  nowMs: number,
): Taint[] | undefined {
  const before = present ?? [];
  const kept = before.filter((taint) => !change.remove.some((other) => same(taint, other)));
  const added = change.add.filter((taint) => !kept.some((other) => same(taint, other)));
  if (added.length === 0 && kept.length === before.length) return undefined;
  const timeAdded = formatTime(nowMs);
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded }))];
}

const mirroredLabels = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
] as const;

/** The old names of a node's labels, where they do not say what the new ones do. */
export function labelsToMirror(node: Node): Record<string, string> | undefined {
  const { labels = {} } = node.metadata;
  const wrong = mirroredLabels.flatMap(([from, to]) => {
    const value = labels[from];
    return value !== undefined && labels[to] !== value ? [[to, value]] : [];
  });
  return wrong.length === 0 ? undefined : (Object.fromEntries(wrong) as Record<string, string>);
}
