import { CronJob, type Job } from '@drydock/api/batch/v1';
import { formatTime, parseTime } from '@drydock/base/apimachinery';
import { timeZone } from '@drydock/base/cron';
import { controllerReference } from '@drydock/machinery/controller';

/** Tells when the Job was due, in the CronJob's own time zone. */
const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** Jobs are named after the minute they are due, so that no start is made twice. */
export function jobName(cronJob: CronJob, dueMs: number): string {
  return `${cronJob.metadata.name}-${Math.floor(dueMs / 60_000)}`;
}

function localTime(zone: string | undefined, atMs: number): string {
  if (zone === undefined) return formatTime(atMs);
  const offsetMinutes = (timeZone(zone).local(atMs) - atMs) / 60_000;
  if (offsetMinutes === 0) return formatTime(atMs);
  const local = formatTime(atMs + offsetMinutes * 60_000).replace('Z', '');
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const size = Math.abs(offsetMinutes);
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
}

/** The Job of one start. */
export function jobOf(cronJob: CronJob, dueMs: number): Job {
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, dueMs),
      namespace: cronJob.metadata.namespace ?? '',
      labels: { ...metadata?.labels },
      annotations: {
        ...metadata?.annotations,
        [scheduledAnnotation]: localTime(cronJob.spec?.timeZone, dueMs),
      },
      ownerReferences: [controllerReference(cronJob, CronJob)],
    },
    ...(spec === undefined ? {} : { spec }),
  };
}

export function endedAs(job: Job): 'Complete' | 'Failed' | undefined {
  const found = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return found?.type as 'Complete' | 'Failed' | undefined;
}

/** The oldest ended Jobs beyond the limits of their CronJob's history; an absent limit keeps all. */
export function jobsBeyondHistory(cronJob: CronJob, jobs: readonly Job[]): Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec ?? {};
  const started = ({ status }: Job) => (status?.startTime ? parseTime(status.startTime) : Infinity);
  const beyond = (end: 'Complete' | 'Failed', limit: number | undefined): Job[] => {
    if (limit === undefined) return [];
    const ended = jobs
      .filter((job) => endedAs(job) === end)
      .sort((a, b) => {
        const [first, second] = [started(a), started(b)];
        if (first !== second) return first < second ? -1 : 1;
        return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
      });
    return ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...beyond('Complete', successfulJobsHistoryLimit), ...beyond('Failed', failedJobsHistoryLimit)];
}
