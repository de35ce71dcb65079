import { describe, expect, it } from 'vitest';
import { nextCronTime, parseCron } from './index.ts';

const next = (schedule: string, after: string, zone?: string) => {
  const at = nextCronTime(parseCron(schedule), Date.parse(after), zone);
  return at === undefined ? undefined : new Date(at).toISOString().replace('.000', '');
};

describe('nextCronTime', () => {
  it.each([
    ['0/15 * * * *', '2012-07-09T14:45:00Z', '2012-07-09T15:00:00Z'],
    ['0/15 * * * *', '2012-07-09T14:59:59Z', '2012-07-09T15:00:00Z'],
    ['*/15 * * * *', '2012-07-31T23:59:00Z', '2012-08-01T00:00:00Z'],
    ['20-35/15 * * * *', '2012-07-09T15:45:00Z', '2012-07-09T16:20:00Z'],
    ['5 * * * *', '2012-07-09T14:05:00Z', '2012-07-09T15:05:00Z'],
    ['20-35/15 1/2 */2 * *', '2012-07-09T23:35:51Z', '2012-07-11T01:20:00Z'],
    ['0 0 9 apr-oct *', '2012-07-09T23:35:00Z', '2012-08-09T00:00:00Z'],
    ['0 0 */5 apr,aug,oct mon', '2012-07-09T23:35:00Z', '2012-08-01T00:00:00Z'],
    ['0 0 * feb mon', '2012-07-09T23:35:00Z', '2013-02-04T00:00:00Z'],
    ['0 0 29 2 *', '2012-07-09T23:35:00Z', '2016-02-29T00:00:00Z'],
    ['0 0 30 feb ?', '2012-07-09T23:35:00Z', undefined],
    ['0 0 13 * fri', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['@hourly', '2026-01-01T00:00:01Z', '2026-01-01T01:00:00Z'],
    ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
    ['@every 90s', '2026-01-01T00:00:00.5Z', '2026-01-01T00:01:30Z'],
    ['TZ=Asia/Tokyo 0 5 * * *', '2026-01-01T00:00:00Z', '2026-01-01T20:00:00Z'],
  ])('%s after %s', (schedule, after, expected) => expect(next(schedule, after)).toBe(expected));

  it.each([
    ['an hour that is skipped', '30 2 11 3 ?', '2012-03-11T05:00:00Z', '2013-03-11T06:30:00Z'],
    ['the hour after the skipped one', '0 3 11 3 ?', '2012-03-11T05:00:00Z', '2012-03-11T07:00:00Z'],
    ['every hour across the skip', '0 * * * ?', '2012-03-11T06:30:00Z', '2012-03-11T07:00:00Z'],
    ['the hour that comes twice', '0 1 4 11 ?', '2012-11-04T04:00:00Z', '2012-11-04T05:00:00Z'],
    ['its second time', '0 1 4 11 ?', '2012-11-04T05:00:00Z', '2012-11-04T06:00:00Z'],
  ])('%s, in New York', (_, schedule, after, expected) =>
    expect(next(schedule, after, 'America/New_York')).toBe(expected),
  );

  it('begins a day later where midnight is skipped', () =>
    expect(next('0 0 * * *', '2018-11-04T01:00:00Z', 'America/Sao_Paulo')).toBe('2018-11-05T02:00:00Z'));
});
