export { createPromMetrics } from './prom-metrics.ts';
export type { PromMetricsOptions } from './prom-metrics.ts';
