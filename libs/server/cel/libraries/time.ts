import { library, type Library } from '../library.ts';
import { CelError, type Duration, type Timestamp } from '../values.ts';

const offset = /^([+-])?(\d{2}):(\d{2})$/;

/** The date in a time zone: its fields are read in UTC. */
function inZone({ nanos }: Timestamp, zone: string): Date {
  const ms = Number(nanos / 1_000_000n);
  const fixed = offset.exec(zone);
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return new Date(ms + (fixed[1] === '-' ? -minutes : minutes) * 60_000);
  }
  if (zone === '' || zone === 'UTC') return new Date(ms);
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(new Date(ms));
    const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
    const fraction = ((ms % 1000) + 1000) % 1000;
    return new Date(
      Date.UTC(
        part('year'),
        part('month') - 1,
        part('day'),
        part('hour'),
        part('minute'),
        part('second'),
        fraction,
      ),
    );
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000);
}

const fields: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: dayOfYear,
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};
const nanosIn = { getHours: 3_600_000_000_000n, getMinutes: 60_000_000_000n, getSeconds: 1_000_000_000n };

/** Parts of times and durations. */
export const timeLibrary: Library = library([
  ...Object.entries(fields).flatMap(([name, read]) => [
    [name, 'timestamp.() int', (time: Timestamp) => BigInt(read(inZone(time, '')))] as const,
    [
      name,
      'timestamp.(string) int',
      (time: Timestamp, zone: string) => BigInt(read(inZone(time, zone))),
    ] as const,
  ]),
  ...Object.entries(nanosIn).map(
    ([name, unit]) => [name, 'duration.() int', (duration: Duration) => duration.nanos / unit] as const,
  ),
  ['getMilliseconds', 'duration.() int', (duration: Duration) => (duration.nanos / 1_000_000n) % 1000n],
]);
