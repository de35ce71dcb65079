export { createCronJobController } from './controller.ts';
export { jobName, jobOf, jobsBeyondHistory } from './jobs.ts';
export { mostRecentStart, timesOf, untilNextMs, type MostRecent } from './schedule.ts';
