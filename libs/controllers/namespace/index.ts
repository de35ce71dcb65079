export { deletionConditions } from './conditions.ts';
export { createNamespaceController, type NamespaceControllerOptions } from './controller.ts';
