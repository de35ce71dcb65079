export { createCidrSet, type CidrSet, type CidrSetObserver } from './cidr-set.ts';
export type { CloudRanges } from './cloud-allocation.ts';
export { createNodeIpamController } from './controller.ts';
export { cidrSetMetrics } from './metrics.ts';
export {
  nodeIpamConfig,
  type CidrAllocatorType,
  type NodeIpamConfig,
  type NodeIpamOptions,
} from './options.ts';
export { createRangeAllocator, type RangeAllocator } from './range-allocator.ts';
