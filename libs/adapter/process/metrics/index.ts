export { createMetricsService, type MetricsServiceOptions } from './metrics-service.ts';
