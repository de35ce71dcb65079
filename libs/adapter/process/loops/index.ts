export { addAutoscalerFlags, autoscalerOptions, type AutoscalerOptions } from './autoscaler-flags.ts';
export { declaredResources } from './declared-resources.ts';
export { addLoopFlags, loopOptions, type LoopOptions } from './loop-flags.ts';
export { addNodeIpamFlags, nodeIpamOptions } from './node-ipam-flags.ts';
