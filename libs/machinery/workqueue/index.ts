export type { WorkQueue } from './types.ts';
export type { RateLimiter, RateLimits } from './rate-limit.ts';
export { createRateLimiter } from './rate-limit.ts';
export type { WorkQueueOptions } from './work-queue.ts';
export { createWorkQueue } from './work-queue.ts';
