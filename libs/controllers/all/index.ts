export {
  createControllerManager,
  type DeclaredResource,
  type ControllerManager,
  type ControllerManagerOptions,
} from './controller-manager.ts';
export { enabledControllers, unknownControllers } from './controller-names.ts';
export { nodeIpamConfig, type CloudRanges, type NodeIpamOptions } from '../nodeipam/index.ts';
export { type DecisionRecord } from '../hpa/index.ts';
