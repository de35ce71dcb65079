export { createTokenCleaner } from './controller.ts';
