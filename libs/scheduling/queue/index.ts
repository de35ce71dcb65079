export { createSchedulingQueue, type SchedulingQueue } from './scheduling-queue.ts';
