export { createRestHandler, type RestOptions } from './handler.ts';
export type { HealthCheck } from './system-paths.ts';
