export type { ApiServerCore, ApiServerCoreDeps, ApiServerCoreOptions } from './api-server-core.ts';
export { createApiServerCore, systemUser } from './api-server-core.ts';
export type { ServingAddress } from './bootstrap.ts';
export { createServiceResolver, type ObjectSource } from './service-resolver.ts';
export type { ExtensionAuthentication } from './extension-authentication.ts';
