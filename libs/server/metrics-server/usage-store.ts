import { parseSamples } from './samples.ts';

/** What was read of one container or node at one moment. */
export interface Point {
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

/** Reads what a kubelet's `/metrics/resource` says. */
export function readPoints(text: string, nowMs: number): NodePoints {
  const pods = new Map<string, Map<string, { atMs: number; cpuSeconds?: number; memory?: number }>>();
  const node: { atMs: number; cpuSeconds?: number; memory?: number } = { atMs: nowMs };
  for (const { name, labels, value, timestampMs = nowMs } of parseSamples(text)) {
    if (!Number.isFinite(value)) continue;
    const field = name.endsWith('_cpu_usage_seconds_total')
      ? 'cpuSeconds'
      : name.endsWith('_memory_working_set_bytes')
        ? 'memory'
        : undefined;
    if (field === undefined) continue;
    if (name.startsWith('node_')) {
      node[field] = value;
      node.atMs = timestampMs;
    } else if (name.startsWith('container_')) {
      const key = `${labels['namespace'] ?? ''}/${labels['pod'] ?? ''}`;
      let containers = pods.get(key);
      if (containers === undefined) pods.set(key, (containers = new Map()));
      const container = labels['container'] ?? '';
      const point = containers.get(container) ?? { atMs: timestampMs };
      point[field] = value;
      point.atMs = timestampMs;
      containers.set(container, point);
    }
  }
  const whole = (point: { atMs: number; cpuSeconds?: number; memory?: number }): Point | undefined =>
    point.cpuSeconds === undefined || point.memory === undefined
      ? undefined
      : { atMs: point.atMs, cpuSeconds: point.cpuSeconds, memory: point.memory };
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

/** Undefined before there are two readings, and when the counter began anew. */
export function useBetween(before: Point | undefined, last: Point): Use | undefined {
  if (before === undefined || last.atMs <= before.atMs || last.cpuSeconds < before.cpuSeconds)
    return undefined;
  const windowMs = last.atMs - before.atMs;
  return {
    atMs: last.atMs,
    windowMs,
    cpu: (last.cpuSeconds - before.cpuSeconds) / (windowMs / 1000),
    memory: last.memory,
  };
}
