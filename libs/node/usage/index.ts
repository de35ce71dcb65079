export { containerUsage, type SharedLoad, type UsageResource } from './container-usage.ts';
export { parseUsage, usageCurve } from './curve.ts';
export { UsageSyntaxError, parseExpression, type Curve } from './expression.ts';
export { createMeter, type Meter } from './meter.ts';
export { usageFaults, type UsageFault } from './faults.ts';
