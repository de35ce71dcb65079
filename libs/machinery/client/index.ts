export type { Client, ResourceClient } from './types.ts';
export type { ClientOptions } from './client.ts';
export { apiVersionOf, createClient, keyOf, splitKey } from './client.ts';
