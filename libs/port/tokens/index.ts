export type { PublicJwk, TokenKeys } from './tokens.ts';
