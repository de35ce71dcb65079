export { deletionMetrics } from './deletion-metrics.ts';
export { disruptionTarget } from './disruption-target.ts';
export { isNodeReady } from './nodes.ts';
export { omitZeros } from './omit-zeros.ts';
export {
  availableInMs,
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  isPodTerminating,
  podCondition,
  readySinceMs,
} from './pods.ts';
export { isNamespaceTerminating } from './refusals.ts';
export { scaledValue } from './scaled-value.ts';
export { tallyGauge } from './tally-gauge.ts';
