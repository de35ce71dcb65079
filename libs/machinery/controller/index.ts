export type {
  Controller,
  ControllerDeps,
  ControllerFactory,
  ControllerOptions,
  ControllerSource,
  EventRecorder,
  Expectations,
  Reconcile,
  ReconcileResult,
} from './types.ts';
export { createController, source } from './controller.ts';
export { createEventRecorder } from './events.ts';
export { createExpectations } from './expectations.ts';
export { claimObjects, retryOnConflict, type ClaimOptions } from './ownership.ts';
