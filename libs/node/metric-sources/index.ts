export {
  createMetricsAdapter,
  metricsAdapterApis,
  type MetricsAdapter,
  type MetricsAdapterOptions,
} from './handler.ts';
export { parseDeclarations, type Declaration } from './declared.ts';
export { QuerySyntaxError, parseQuery, type Point, type Query, type Series } from './query.ts';
