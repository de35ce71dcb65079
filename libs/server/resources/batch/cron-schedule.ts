import { CronSyntaxError, parseCron } from '@drydock/base/cron';

export { isTimeZone } from '@drydock/base/cron';

/** What is wrong with a cron schedule, in the words Kubernetes' users know; undefined when nothing is. */
export function cronScheduleProblem(text: string): string | undefined {
  try {
    parseCron(text);
    return undefined;
  } catch (error) {
    if (error instanceof CronSyntaxError) return error.message;
    throw error;
  }
}
