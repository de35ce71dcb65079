export { TerminalError } from '@drydock/base/apimachinery';
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
export type { ClaimOptions } from './claim-objects.ts';
export { claimObjects, controllerReference } from './claim-objects.ts';
export type { ControllerHarnessOptions } from './controller.ts';
export { createController, source } from './controller.ts';
export type { EventRecorderOptions } from './event-recorder.ts';
export { createEventRecorder } from './event-recorder.ts';
export { createExpectations } from './expectations.ts';
export { retryOnConflict } from './retry-on-conflict.ts';
