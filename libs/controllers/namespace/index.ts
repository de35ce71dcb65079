export {
  createNamespaceController,
  deletionConditions,
  type NamespaceControllerOptions,
} from './controller.ts';
