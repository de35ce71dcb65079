export { createLegacyTokenCleaner, type LegacyTokenCleanerOptions } from './controller.ts';
export { mountedSecrets, tokenFate, type TokenFate } from './decisions.ts';
