export { negotiate, plainJson, type Form } from './accept.ts';
export { includeObjectOf } from './answer.ts';
export { createDocuments } from './documents.ts';
export { createRestHandler, type RestOptions } from './handler.ts';
export { createOpenApiPaths } from './openapi-paths.ts';
export type { HealthCheck } from '@drydock/port/health';
