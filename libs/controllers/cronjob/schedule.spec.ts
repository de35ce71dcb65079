import { describe, expect, it } from 'vitest';
import type { CronJob } from '@drydock/api/batch/v1';
import { parseCron } from '@drydock/base/cron';
import { mostRecentStart, timesOf, untilNextMs } from './index.ts';

const at = (time: string) => Date.parse(`2026-01-05T${time}Z`);
const cronJob = (created: string, last?: string, startingDeadlineSeconds?: number) =>
  ({
    metadata: { name: 'c', creationTimestamp: new Date(at(created)).toISOString() },
    spec: { startingDeadlineSeconds },
    status: last === undefined ? {} : { lastScheduleTime: new Date(at(last)).toISOString() },
  }) as CronJob;
const times = (schedule: string, zone?: string) => timesOf(parseCron(schedule), zone);

describe('mostRecentStart', () => {
  it.each<[string, string, CronJob, string, boolean, string | undefined, string]>([
    ['none is due yet', '0 * * * *', cronJob('10:10:00'), '10:30:00', true, undefined, 'none'],
    ['one is due', '0 * * * *', cronJob('10:10:00'), '11:30:00', true, '11:00:00', 'none'],
    ['several were missed', '0 * * * *', cronJob('08:10:00'), '11:30:00', true, '11:00:00', 'few'],
    [
      'after the last one made',
      '0 * * * *',
      cronJob('01:00:00', '11:00:00'),
      '11:30:00',
      true,
      undefined,
      'none',
    ],
    ['many were missed', '* * * * *', cronJob('01:00:00'), '11:30:30', true, '11:30:00', 'many'],
    [
      'a deadline forgives',
      '* * * * *',
      cronJob('01:00:00', undefined, 150),
      '11:30:30',
      true,
      '11:30:00',
      'few',
    ],
    [
      'a deadline that has passed',
      '0 * * * *',
      cronJob('01:00:00', undefined, 60),
      '11:30:00',
      true,
      undefined,
      'none',
    ],
    [
      'the deadline left aside',
      '0 * * * *',
      cronJob('10:10:00', undefined, 60),
      '11:30:00',
      false,
      '11:00:00',
      'none',
    ],
    ['an interval', '@every 1h', cronJob('10:09:10'), '13:30:00', true, '13:09:10', 'few'],
  ])('%s', (_, schedule, job, now, withDeadline, due, missed) => {
    const found = mostRecentStart(job, at(now), times(schedule), withDeadline);
    expect(found?.dueMs).toBe(due === undefined ? undefined : at(due));
    expect(found?.missed).toBe(missed);
  });

  it('knows schedules that never come', () =>
    expect(mostRecentStart(cronJob('10:00:00'), at('11:00:00'), times('0 0 31 2 *'), true)).toBeUndefined());
});

describe('untilNextMs', () => {
  it.each([
    ['0 * * * *', cronJob('10:10:00'), '10:30:00', 30 * 60_000 + 100],
    ['0 * * * *', cronJob('08:10:00'), '11:30:00', 30 * 60_000 + 100],
    ['0 0 31 2 *', cronJob('08:10:00'), '11:30:00', undefined],
  ])('%s', (schedule, job, now, expected) =>
    expect(untilNextMs(job, at(now), times(schedule))).toBe(expected),
  );
});
