export { buildOpenApiV2, buildOpenApiV3, openApiV3Paths } from './documents.ts';
export { encodeOpenApiV2 } from './protobuf-v2.ts';
export { encodeOpenApiV3 } from './protobuf-v3.ts';
export { rootOf } from './paths.ts';
export { mergeOpenApiV2, openApiV3Of, partOfGroup, type ExtensionApi } from './extension.ts';
