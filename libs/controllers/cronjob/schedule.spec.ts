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

  // The facts of kube-controller-manager's own table: minutes after ten on a Thursday.
  const top = Date.parse('2016-05-19T10:00:00Z');
  const after = (minutes: number) => top + minutes * 60_000;
  interface Facts {
    readonly created?: number;
    readonly last?: number;
    readonly deadline?: number;
  }
  it.each<[string, Facts, now: number, boolean, due: number | undefined, earliest: number, string]>([
    ['0 * * * *', {}, 0.5, false, undefined, 0, 'none'],
    ['0 * * * *', {}, 61, false, 60, 0, 'none'],
    ['0 * * * *', { created: 10 / 60 }, 301, false, 300, 10 / 60, 'few'],
    ['30 6-16/4 * * 1-5', { last: 30 }, 24 * 60 + 31, false, 24 * 60 + 30, 30, 'few'],
    ['30 10,11,12 * * 1-5', { last: 30 }, 30 * 60 + 30, false, undefined, 30, 'few'],
    ['30 6-16/4 * * 1-5', { last: 30 }, 96 * 60 + 31, false, 96 * 60 + 30, 30, 'few'],
    ['30 6-16/4 * * 1-5', {}, 24 * 60 + 31, false, 24 * 60 + 30, 0, 'few'],
    ['0 * * * *', { last: 0 }, 0.5, false, undefined, 0, 'none'],
    ['*/5 * * * *', { last: 30 }, 31, false, undefined, 30, 'none'],
    ['*/5 * * * *', { last: 30, deadline: 60 }, 30.5, true, undefined, 30, 'none'],
    ['*/5 * * * *', { last: 1, deadline: 10 }, 30, true, 30, 30 - 10 / 60, 'none'],
    ['*/5 * * * *', { last: 1, deadline: 10 }, 30, false, 30, 1, 'few'],
    // Kubernetes' own cases of the next start.
    ['0 * * * ?', { created: -10 }, -7, true, undefined, -10, 'none'],
    ['0 * * * ?', { created: -10 }, 2 / 60, true, 0, -10, 'none'],
    ['0 * * * ?', { created: -10, last: 0 }, 2, true, undefined, 0, 'none'],
    ['0 * * * ?', { created: -10, last: 0 }, 65, true, 60, 0, 'none'],
    ['0 * * * ?', { created: -120, last: -60 }, 65, true, 60, -60, 'few'],
    ['0 * * * ?', { created: -120, last: -60 }, 60 + 14_400, true, 60 + 14_400, -60, 'many'],
    [
      '0 * * * ?',
      { created: -120, last: -60, deadline: 7200 },
      60 + 14_400,
      true,
      60 + 14_400,
      60 + 14_400 - 120,
      'few',
    ],
  ])('%s of %j, minute %d (%s)', (schedule, facts, now, withDeadline, due, earliest, missed) => {
    const { created = 0, last, deadline } = facts;
    const iso = (minutes: number) => new Date(after(minutes)).toISOString();
    const job = {
      metadata: { name: 'c', creationTimestamp: iso(created) },
      spec: { startingDeadlineSeconds: deadline },
      status: last === undefined ? {} : { lastScheduleTime: iso(last) },
    } as unknown as CronJob;
    expect(mostRecentStart(job, after(now), times(schedule), withDeadline)).toEqual({
      dueMs: due === undefined ? undefined : after(due),
      earliestMs: after(earliest),
      missed,
    });
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
