export { createMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
export { parseSamples, type Sample } from './samples.ts';
