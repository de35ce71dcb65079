import type { CronJob } from '@drydock/api/batch/v1';
import { parseTime } from '@drydock/base/apimachinery';
import { nextCronTime, type CronSchedule } from '@drydock/base/cron';

export type Missed = 'none' | 'few' | 'many';

export interface MostRecent {
  /** From when on starts were looked for. */
  readonly earliestMs: number;
  /** The last start that is due; undefined when none is. */
  readonly dueMs: number | undefined;
  readonly missed: Missed;
}

/** More starts missed than this are worth a warning. */
const manyStarts = 100;

/** The times of a schedule in the zone of its CronJob. */
export interface Times {
  next(afterMs: number): number | undefined;
}

export function timesOf(schedule: CronSchedule, zone: string | undefined): Times {
  return { next: (afterMs) => nextCronTime(schedule, afterMs, zone) };
}

/**
 * The last start that was due by `nowMs`, since the last one made (or the CronJob's creation). Undefined as a whole when the
 * schedule never comes. `withDeadline` leaves out starts for which it is too late.
 */
export function mostRecentStart(
  cronJob: CronJob,
  nowMs: number,
  times: Times,
  withDeadline: boolean,
): MostRecent | undefined {
  const { startingDeadlineSeconds } = cronJob.spec ?? {};
  const last = cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp;
  let earliestMs = last ? parseTime(last) : nowMs;
  if (withDeadline && startingDeadlineSeconds !== undefined)
    earliestMs = Math.max(earliestMs, nowMs - Number(startingDeadlineSeconds) * 1000);
  const first = times.next(earliestMs);
  const second = first === undefined ? undefined : times.next(first);
  if (first === undefined || second === undefined) return undefined;
  if (nowMs < first) return { earliestMs, dueMs: undefined, missed: 'none' };
  if (nowMs < second) return { earliestMs, dueMs: first, missed: 'none' };

  // Not every start is visited: their number is guessed from the first two, the search begins a little before the last.
  const stepMs = second - first;
  const count = Math.floor((nowMs - first) / stepMs) + 1;
  let dueMs: number | undefined;
  const from = first + (count - 2) * stepMs;
  for (let at = times.next(from); at !== undefined && at <= nowMs; at = times.next(at)) dueMs = at;
  return { earliestMs, dueMs, missed: count > manyStarts ? 'many' : 'few' };
}

/** How far behind the schedule to look again, so that clocks that differ a little do not matter. */
const slackMs = 100;

/** How long until the next start; undefined when there is none to come. */
export function untilNextMs(cronJob: CronJob, nowMs: number, times: Times): number | undefined {
  const recent = mostRecentStart(cronJob, nowMs, times, false);
  const from =
    recent === undefined ? nowMs : (recent.dueMs ?? (recent.missed === 'none' ? recent.earliestMs : nowMs));
  const next = times.next(from);
  return next === undefined ? undefined : Math.max(1, next + slackMs - nowMs);
}
