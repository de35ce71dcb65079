export { readSchedulerConfiguration, schedulerService } from './scheduler.ts';
