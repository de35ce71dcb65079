export type { LogFields, Logger } from './logger.ts';
export { silentLogger } from './logger.ts';
export type { Counter, Gauge, GaugeOptions, Histogram, MetricOptions, Metrics } from './metrics.ts';
export { exponentialBuckets, noMetrics } from './metrics.ts';
