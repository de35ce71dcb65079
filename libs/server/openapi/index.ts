export { buildOpenApiV2, buildOpenApiV3, openApiV3Paths } from './documents.ts';
