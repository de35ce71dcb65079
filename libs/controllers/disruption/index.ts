export {
  budgetStatus,
  disruptedPods,
  expectation,
  healthyPods,
  needsScale,
  staleDisruptionInMs,
} from './budget.ts';
export { createDisruptionController, type DisruptionOptions } from './controller.ts';
