export { schedulerOptions, schedulerService } from './scheduler.ts';
