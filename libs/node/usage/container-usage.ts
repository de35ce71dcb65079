import type { Pod, Service } from '@drydock/api/core/v1';
import { parseTime } from '@drydock/base/apimachinery';
import { usageCurve } from './curve.ts';

export type UsageResource = 'cpu' | 'memory';

/** What an idle container uses: cores and bytes. */
const idle: Readonly<Record<UsageResource, number>> = { cpu: 0.001, memory: 16 * 2 ** 20 };

/** A Service that selects a Pod, and how many ready Pods share its load. */
export interface SharedLoad {
  readonly service: Service;
  readonly readyPods: number;
  /** Is this Pod one of them? */
  readonly ready: boolean;
}

/**
 * What a container uses at a moment, in cores or bytes, as annotations say it:
 *
 * | annotation | of | meaning |
 * |---|---|---|
 * | `drydock.dev/cpu-usage`, `drydock.dev/memory-usage` | Pod | of each container; `t` counts from its start |
 * | `cpu-usage.drydock.dev/<container>`, `memory-usage.drydock.dev/<container>` | Pod | of that container |
 * | `drydock.dev/cpu-load`, `drydock.dev/memory-load` | Service | shared by its ready Pods, in their first containers; `t` counts from its creation |
 *
 * Loads come on top of usages.
 */
export function containerUsage(
  resource: UsageResource,
  pod: Pod,
  container: string,
  startedAtMs: number,
  loads: readonly SharedLoad[],
  nowMs: number,
): number {
  const { annotations = {} } = pod.metadata;
  const text =
    annotations[`${resource}-usage.drydock.dev/${container}`] ?? annotations[`drydock.dev/${resource}-usage`];
  const own = text === undefined ? undefined : usageCurve(text);
  let value = own?.(Math.max(0, nowMs - startedAtMs) / 1000) ?? idle[resource];
  if (pod.spec?.containers[0]?.name !== container) return value;
  for (const { service, readyPods, ready } of loads) {
    const load = service.metadata.annotations?.[`drydock.dev/${resource}-load`];
    const curve = load === undefined ? undefined : usageCurve(load);
    if (curve === undefined || !ready || readyPods === 0) continue;
    const { creationTimestamp } = service.metadata;
    const beganMs = creationTimestamp ? parseTime(creationTimestamp) : nowMs;
    value += curve(Math.max(0, nowMs - beganMs) / 1000) / readyPods;
  }
  return value;
}
