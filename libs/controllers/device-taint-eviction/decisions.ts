import { toleratesDeviceTaint } from '@drydock/api/resource-claims';
import type {
  Device,
  DeviceRequestAllocationResult,
  DeviceTaint,
  DeviceToleration,
  ResourceSlice,
} from '@drydock/api/resource/v1';
import { parseTime } from '@drydock/base/apimachinery';

export const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`;

/** A device as the newest generation of its pool has it. */
export function deviceOf(
  { device }: DeviceRequestAllocationResult,
  ofPool: readonly ResourceSlice[],
): Device | undefined {
  const newest = Math.max(...ofPool.map(({ spec }) => spec.pool.generation));
  for (const { spec } of ofPool) {
    if (spec.pool.generation !== newest) continue;
    const found = spec.devices?.find(({ name }) => name === device);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** How long a taint is put up with: 0 not at all, Infinity for ever; of several tolerations the shortest counts. */
function toleratedMs(taint: DeviceTaint, tolerations: readonly DeviceToleration[]): number {
  const covering = tolerations.filter((toleration) => toleratesDeviceTaint(toleration, taint));
  if (covering.length === 0) return 0;
  return Math.min(
    ...covering.map(({ tolerationSeconds }) =>
      tolerationSeconds === undefined ? Infinity : Math.max(0, Number(tolerationSeconds)) * 1000,
    ),
  );
}

/**
 * When the users of an allocated device have to go (ms); undefined when they may stay. Taints that do not say since when
 * they are there count from `nowMs`.
 */
export function evictionAtMs(
  { taints = [] }: Pick<Device, 'taints'>,
  { tolerations = [] }: Pick<DeviceRequestAllocationResult, 'tolerations'>,
  nowMs: number,
): number | undefined {
  let earliest = Infinity;
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const sinceMs = taint.timeAdded === undefined ? nowMs : parseTime(taint.timeAdded);
    earliest = Math.min(earliest, sinceMs + toleratedMs(taint, tolerations));
  }
  return earliest === Infinity ? undefined : earliest;
}
