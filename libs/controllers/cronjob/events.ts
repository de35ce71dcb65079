import { goQuote, type KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the cronjob loop, in Kubernetes' words. */
export function cronJobEvents(recorder: EventRecorder) {
  const normal = (about: KubeObject, reason: string, message: string) =>
    recorder.event(about, 'Normal', reason, message);
  const warning = (about: KubeObject, reason: string, message: string) =>
    recorder.event(about, 'Warning', reason, message);
  return {
    created: (about: KubeObject, job: string) => normal(about, 'SuccessfulCreate', `Created job ${job}`),
    createFailed: (about: KubeObject, error: string) =>
      warning(about, 'FailedCreate', `Error creating job: ${error}`),
    deleted: (about: KubeObject, job: string) => normal(about, 'SuccessfulDelete', `Deleted job ${job}`),
    deleteFailed: (about: KubeObject, error: string) =>
      warning(about, 'FailedDelete', `Deleted job: ${error}`),
    completed: (about: KubeObject, job: string, condition: string) =>
      normal(about, 'SawCompletedJob', `Saw completed job: ${job}, condition: ${condition}`),
    unexpected: (about: KubeObject, job: string) =>
      warning(about, 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${job}`),
    missing: (about: KubeObject, job: string) =>
      normal(about, 'MissingJob', `Active job went missing: ${job}`),
    stillActive: (about: KubeObject) =>
      normal(
        about,
        'JobAlreadyActive',
        'Not starting job because prior execution is running and concurrency policy is Forbid',
      ),
    missed: (about: KubeObject, time: string) =>
      warning(about, 'MissSchedule', `Missed scheduled time to start a job: ${time}`),
    missedMany: (about: KubeObject) =>
      warning(
        about,
        'TooManyMissedTimes',
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      ),
    unknownZone: (about: KubeObject, zone: string) =>
      warning(about, 'UnknownTimeZone', `invalid timeZone: "${zone}": unknown time zone ${zone}`),
    unparseable: (about: KubeObject, schedule: string, error: string) =>
      warning(about, 'UnparseableSchedule', `unparseable schedule: ${goQuote(schedule)} : ${error}`),
    /** The schedule names a time that never comes. */
    invalid: (about: KubeObject, schedule: string) =>
      warning(
        about,
        'InvalidSchedule',
        `invalid schedule: ${schedule} : time difference between two schedules is less than 1 second`,
      ),
    zoneInSchedule: (about: KubeObject, schedule: string) =>
      warning(
        about,
        'UnsupportedSchedule',
        `CRON_TZ or TZ used in schedule ${goQuote(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
      ),
  };
}
