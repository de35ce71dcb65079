export { createTtlController, nextStep, ttlSeconds } from './controller.ts';
