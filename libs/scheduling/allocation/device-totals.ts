import type { Node } from '@drydock/api/core/v1';
import type { DeviceClass } from '@drydock/api/resource/v1';
import type { DeviceSelectorCompiler } from '@drydock/port/device-selector';
import { deviceKey, type AllocatedDevices } from './allocated.ts';
import { reaches, type SliceIndex } from './pools.ts';

export interface DeviceTotals {
  readonly capacity: number;
  readonly allocated: number;
}

const nothing: DeviceTotals = { capacity: 0, allocated: 0 };

/** How many devices of a class a node reaches, and how many of them claims hold. None where its selectors fail. */
export function deviceTotals(
  node: Node,
  { spec: classSpec }: DeviceClass,
  slices: SliceIndex,
  held: AllocatedDevices,
  compile: DeviceSelectorCompiler,
): DeviceTotals {
  let capacity = 0;
  let allocated = 0;
  try {
    const selectors = (classSpec?.selectors ?? []).flatMap(({ cel }) =>
      cel === undefined ? [] : [compile(cel.expression)],
    );
    for (const { spec } of slices.near(node.metadata.name ?? '')) {
      const perDevice = spec.perDeviceNodeSelection === true;
      if (!perDevice && !reaches(spec, node)) continue;
      for (const device of spec.devices ?? []) {
        if (perDevice && !reaches(device, node)) continue;
        if (!selectors.every((selector) => selector.matches({ ...device, driver: spec.driver }))) continue;
        capacity++;
        const key = deviceKey({ driver: spec.driver, pool: spec.pool.name, device: device.name });
        if (held.whole.has(key) || held.shared.has(key)) allocated++;
      }
    }
  } catch {
    return nothing;
  }
  return { capacity, allocated };
}
