export { nextCronTime } from './next-time.ts';
export { CronSyntaxError, parseCron, type CronField, type CronSchedule } from './parse-cron.ts';
export { isTimeZone, timeZone, utcZone, type TimeZone } from './time-zone.ts';
