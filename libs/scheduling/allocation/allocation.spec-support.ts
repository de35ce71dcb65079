import type { Node } from '@drydock/api/core/v1';
import type {
  Device,
  DeviceClaim,
  DeviceClass,
  DeviceRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceSlice,
  ResourceSliceSpec,
} from '@drydock/api/resource/v1';
import { compileDeviceSelector } from '@drydock/server/device-selectors';
import { node } from '../framework/testing.spec-support.ts';
import { allocatedDevices, allocate, indexSlices } from './index.ts';

export const driverA = 'driver-a.example.com';
export const driverB = 'driver-b.example.com';
export const ofDriver = (driver: string) => [{ cel: { expression: `device.driver == "${driver}"` } }];

export const deviceClass = (
  name: string,
  spec: DeviceClass['spec'] = { selectors: ofDriver(driverA) },
): DeviceClass => ({ metadata: { name }, spec });

let slices = 0;
export function slice(
  devices: readonly (string | Device)[],
  spec: Partial<ResourceSliceSpec> & {
    pool?: ResourceSliceSpec['pool'];
  } = {},
): ResourceSlice {
  const anchored = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'].some(
    (key) => key in spec,
  );
  return {
    metadata: { name: `slice-${String(slices++).padStart(4, '0')}` },
    spec: {
      driver: driverA,
      pool: { name: 'pool-1', generation: 1, resourceSliceCount: 1 },
      ...(anchored ? {} : { nodeName: 'node-1' }),
      devices: devices.map((one) => (typeof one === 'string' ? { name: one } : one)),
      ...spec,
    },
  };
}

export const exactly = (name: string, exact: Partial<ExactDeviceRequest> = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'class-a', allocationMode: 'ExactCount', count: 1, ...exact },
});
export const all = (name: string, exact: Partial<ExactDeviceRequest> = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'class-a', allocationMode: 'All', ...exact },
});
export const anyOf = (
  name: string,
  ...firstAvailable: ({ name: string } & Partial<ExactDeviceRequest>)[]
) => ({
  name,
  firstAvailable: firstAvailable.map((one) => ({
    deviceClassName: 'class-a',
    allocationMode: 'ExactCount',
    ...(one.allocationMode === 'All' ? {} : { count: 1 }),
    ...one,
  })),
});

export function claim(
  name: string,
  requests: readonly DeviceRequest[],
  more: Omit<DeviceClaim, 'requests'> = {},
): ResourceClaim {
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: { devices: { requests: [...requests], ...more } },
  };
}

export function allocatedTo(name: string, ...results: readonly object[]): ResourceClaim {
  return {
    ...claim(name, []),
    status: {
      allocation: {
        devices: {
          results: results.map((one) => ({
            request: 'r',
            driver: driverA,
            pool: 'pool-1',
            device: '',
            ...one,
          })),
        },
      },
    },
  };
}

export interface Setup {
  readonly claims: readonly ResourceClaim[];
  readonly slices: readonly ResourceSlice[];
  readonly classes?: readonly DeviceClass[];
  readonly others?: readonly ResourceClaim[];
  readonly node?: Node;
}

export function run({ claims, slices: published, classes, others = [], node: on = node('node-1') }: Setup) {
  const known = classes ?? [deviceClass('class-a'), deviceClass('class-b', { selectors: ofDriver(driverB) })];
  let shares = 0;
  return allocate(on, claims, {
    slices: indexSlices(published),
    allocated: allocatedDevices(others),
    deviceClass: (name) => known.find(({ metadata }) => metadata.name === name),
    compile: compileDeviceSelector,
    shareId: () => `share-${shares++}`,
  });
}

/** `request=device` of all claims; those of another driver or pool with its name before it. */
export function devices(setup: Setup): string[] | string {
  try {
    const found = run(setup);
    if (found === undefined) return 'none';
    return found.flatMap(
      (one) =>
        one.devices?.results?.map(({ request, driver, pool, device }) => {
          const where = driver === driverA ? '' : `${driver}/`;
          return `${request}=${where}${pool === 'pool-1' ? '' : `${pool}/`}${device}`;
        }) ?? [],
    );
  } catch (error) {
    return (error as Error).message;
  }
}
