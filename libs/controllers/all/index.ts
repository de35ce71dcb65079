export {
  createControllerManager,
  type ControllerManager,
  type ControllerManagerOptions,
} from './controller-manager.ts';
