import { parseQuantity } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';
import { consumedAt, type ContainerRuntime } from '../pods/index.ts';
import { containerUsage, createMeter, usageFaults, type Meter } from '../usage/index.ts';
import type { PodAgent } from './pod-agent.ts';
import type { ServiceLoads } from './service-loads.ts';

export interface ContainerReading {
  readonly name: string;
  readonly startedAtMs: number;
  /** Core-seconds since its start. */
  readonly cpuSeconds: number;
  /** Cores, now. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** What a node has to give, bytes. */
export interface NodeSpace {
  readonly memory: number;
  readonly disk: number;
}

export interface NodeReading {
  readonly startedAtMs: number;
  readonly space: NodeSpace;
  readonly cpuSeconds: number;
  readonly cpu: number;
  readonly memory: number;
  readonly pods: readonly { readonly agent: PodAgent; readonly containers: readonly ContainerReading[] }[];
}

/** What the node itself uses: cores and bytes. */
const own = { cpu: 0.05, memory: 256 * 2 ** 20 };

/** More than its limit a container does not get, however much it is asked to use. */
function atMost({ spec }: ContainerRuntime, resource: 'cpu' | 'memory', use: number): number {
  const limit = spec.resources?.limits?.[resource];
  return limit === undefined ? use : Math.min(use, parseQuantity(limit).toNumber());
}

/** Measures what the containers of one node use. */
export interface NodeUsage {
  read(pods: Iterable<PodAgent>, nowMs: number): NodeReading;
}

export function createNodeUsage(
  loads: ServiceLoads,
  startedAtMs: number,
  space: NodeSpace,
  /** Hears once of each thing that is said of a Pod's usage and means nothing. */
  tell: (pod: Pod, message: string) => void,
): NodeUsage {
  const checked = new WeakSet<object>();
  /** What was told of each Pod. */
  const told = new Map<string, Set<string>>();
  const check = (pod: Pod, uid: string) => {
    const { annotations } = pod.metadata;
    if (annotations === undefined || checked.has(annotations)) return;
    checked.add(annotations);
    for (const { annotation, text, message } of usageFaults(pod)) {
      const before = told.get(uid) ?? new Set();
      told.set(uid, before);
      const key = `${annotation}=${text}`;
      if (!before.has(key)) tell(pod, message);
      before.add(key);
    }
  };
  // `use` follows the Pod: its annotations, and those it shares a load with, may change.
  const meters = new Map<string, { readonly meter: Meter; seconds: number; use: (atMs: number) => number }>();
  const base = createMeter(startedAtMs, () => own.cpu);
  let total = 0;
  return {
    read(pods, nowMs) {
      const seen = new Set<string>();
      const present = new Set<string>();
      let { cpu, memory } = own;
      const read: { agent: PodAgent; containers: ContainerReading[] }[] = [];
      for (const agent of pods) {
        const { runtime } = agent;
        present.add(runtime.uid);
        check(runtime.pod, runtime.uid);
        const shared = loads.of(runtime.pod);
        const containers: ContainerReading[] = [];
        for (const container of runtime.containers) {
          const { name, state } = container;
          if (state.kind !== 'running') continue;
          const { startedAtMs: beganMs } = state;
          const use = (resource: 'cpu' | 'memory', atMs: number) => {
            const usual = containerUsage(resource, runtime.pod, name, beganMs, shared, atMs);
            const more = consumedAt(container.consumption, resource, beganMs, atMs);
            return more === 0 ? usual : atMost(container, resource, usual + more);
          };
          const key = `${runtime.uid}/${name}/${beganMs}`;
          seen.add(key);
          const latest = (atMs: number) => use('cpu', atMs);
          let known = meters.get(key);
          if (known === undefined) {
            const made: { readonly meter: Meter; seconds: number; use: (atMs: number) => number } = {
              meter: createMeter(beganMs, (atMs) => made.use(atMs)),
              seconds: 0,
              use: latest,
            };
            meters.set(key, (known = made));
          }
          known.use = latest;
          const seconds = known.meter.read(nowMs);
          total += seconds - known.seconds;
          known.seconds = seconds;
          const now = { cpu: latest(nowMs), memory: use('memory', nowMs) };
          cpu += now.cpu;
          memory += now.memory;
          containers.push({ name, startedAtMs: beganMs, cpuSeconds: seconds, ...now });
        }
        if (containers.length > 0) read.push({ agent, containers });
      }
      for (const key of meters.keys()) if (!seen.has(key)) meters.delete(key);
      for (const uid of told.keys()) if (!present.has(uid)) told.delete(uid);
      return { startedAtMs, space, cpuSeconds: base.read(nowMs) + total, cpu, memory, pods: read };
    },
  };
}
