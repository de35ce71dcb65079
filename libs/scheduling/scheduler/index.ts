export { createScheduler, type Scheduler, type SchedulerOptions } from './scheduler.ts';
export { decide, unschedulableMessage, type DecideOptions } from './decide.ts';
