export { allocatedDevices, deviceKey, type AllocatedDevices } from './allocated.ts';
export {
  allocate,
  AllocationError,
  allocationScore,
  AllocationTimeout,
  type AllocatorOptions,
} from './allocator.ts';
export { deviceTotals, type DeviceTotals } from './device-totals.ts';
export { indexSlices, type SliceIndex } from './pools.ts';
