export type { Client, ResourceClient } from './types.ts';
export type { ClientOptions } from './client.ts';
export { createClient } from './client.ts';
