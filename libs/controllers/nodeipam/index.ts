export { createCidrSet, type CidrSet } from './cidr-set.ts';
export { createNodeIpamController } from './controller.ts';
export { nodeIpamConfig, type NodeIpamConfig, type NodeIpamOptions } from './options.ts';
export { createRangeAllocator, type RangeAllocator } from './range-allocator.ts';
