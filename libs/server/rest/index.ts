export { createRestHandler, type RestOptions } from './handler.ts';
export type { HealthCheck } from '@drydock/port/health';
