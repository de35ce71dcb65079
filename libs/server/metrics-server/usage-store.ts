import { parseSamples } from './samples.ts';

/** What was read of one container or node at one moment. */
export interface Point {
  /** When the container was started; undefined for nodes, and where that is not told. */
  readonly startedAtMs: number | undefined;
  readonly atMs: number;
  /** Core-seconds since its start. */
  readonly cpuSeconds: number;
  /** Bytes. */
  readonly memory: number;
}

/** Use between two readings. */
export interface Use {
  readonly atMs: number;
  readonly windowMs: number;
  /** Cores. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** `namespace/name` → container → point; and the node's own. */
export interface NodePoints {
  readonly node: Point | undefined;
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>>;
}

type Unfinished = { -readonly [Key in keyof Point]?: Point[Key] } & { atMs: number };

const fields: readonly (readonly [ending: string, field: 'cpuSeconds' | 'memory' | 'startedAtMs'])[] = [
  ['_cpu_usage_seconds_total', 'cpuSeconds'],
  ['_memory_working_set_bytes', 'memory'],
  ['_start_time_seconds', 'startedAtMs'],
];

/** Reads what a kubelet's `/metrics/resource` says. */
export function readPoints(text: string, nowMs: number): NodePoints {
  const pods = new Map<string, Map<string, Unfinished>>();
  const node: Unfinished = { atMs: nowMs };
  for (const { name, labels, value, timestampMs } of parseSamples(text)) {
    if (!Number.isFinite(value)) continue;
    const field = fields.find(([ending]) => name.endsWith(ending))?.[1];
    if (field === undefined) continue;
    let point = node;
    if (name.startsWith('container_')) {
      const key = `${labels['namespace'] ?? ''}/${labels['pod'] ?? ''}`;
      let containers = pods.get(key);
      if (containers === undefined) pods.set(key, (containers = new Map()));
      const container = labels['container'] ?? '';
      point = containers.get(container) ?? { atMs: nowMs };
      containers.set(container, point);
    } else if (!name.startsWith('node_')) continue;
    point[field] = field === 'startedAtMs' ? value * 1000 : value;
    // The time of the start is told without a time of its own.
    if (field !== 'startedAtMs') point.atMs = timestampMs ?? nowMs;
  }
  const whole = ({ atMs, cpuSeconds, memory, startedAtMs }: Unfinished): Point | undefined =>
    cpuSeconds === undefined || memory === undefined ? undefined : { atMs, cpuSeconds, memory, startedAtMs };
  const all = new Map<string, Map<string, Point>>();
  for (const [key, containers] of pods) {
    const read = new Map<string, Point>();
    for (const [name, point] of containers) {
      const full = whole(point);
      if (full !== undefined) read.set(name, full);
    }
    // A Pod of which one container tells nothing is not told of at all.
    if (read.size === containers.size) all.set(key, read);
  }
  return { node: whole(node), pods: all };
}

/** A start is a reading, too, unless it is so recent that what follows it says little. */
const leastFreshMs = 10_000;

/**
 * What was used since the reading before; for a container that was started less than one resolution ago, since its start.
 * Undefined while there is no such reading, and where the container was started anew since.
 */
export function useBetween(before: Point | undefined, last: Point, resolutionMs: number): Use | undefined {
  const { startedAtMs } = last;
  const ageMs = startedAtMs === undefined ? Infinity : last.atMs - startedAtMs;
  const fresh = ageMs >= leastFreshMs && ageMs < resolutionMs;
  const from = fresh ? { atMs: last.atMs - ageMs, cpuSeconds: 0 } : before;
  if (from === undefined || last.atMs <= from.atMs || last.cpuSeconds < from.cpuSeconds) return undefined;
  if (!fresh && startedAtMs !== undefined && startedAtMs >= from.atMs) return undefined;
  const windowMs = last.atMs - from.atMs;
  return {
    atMs: last.atMs,
    windowMs,
    cpu: (last.cpuSeconds - from.cpuSeconds) / (windowMs / 1000),
    memory: last.memory,
  };
}
