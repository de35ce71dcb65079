export {
  createControllerManager,
  type ControllerManager,
  type ControllerManagerOptions,
} from './controller-manager.ts';
export { enabledControllers, unknownControllers } from './controller-names.ts';
