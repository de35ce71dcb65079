import type { CronSchedule } from './parse-cron.ts';
import { timeZone, utcZone, type TimeZone } from './time-zone.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** How far to look for a date that may never come, such as the 30th of February. */
const years = 5;

/**
 * The first time after `afterMs` that a schedule names, in milliseconds since the epoch; undefined when there is none within
 * five years. Where the clocks of the zone skip an hour its times are skipped; where they show one twice, both count.
 * `zone` is where the schedule itself names none (default UTC).
 */
export function nextCronTime(schedule: CronSchedule, afterMs: number, zone?: string): number | undefined {
  if (schedule.kind === 'every') return Math.floor(afterMs / secondMs) * secondMs + schedule.everyMs;
  const place = zoneOf(schedule.zone ?? zone);
  const { minute, hour, dayOfMonth, month, dayOfWeek } = schedule;
  const dayFits = (local: number): boolean => {
    const date = new Date(local);
    const first = dayOfMonth.values.has(date.getUTCDate());
    const second = dayOfWeek.values.has(date.getUTCDay());
    // With both days given either will do; with one of them open both must hold.
    return dayOfMonth.any || dayOfWeek.any ? first && second : first || second;
  };

  // The next whole minute: no schedule is finer.
  let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
  const lastYear = new Date(place.local(at)).getUTCFullYear() + years;
  for (;;) {
    const local = place.local(at);
    const date = new Date(local);
    if (date.getUTCFullYear() > lastYear) return undefined;
    if (!month.values.has(date.getUTCMonth() + 1)) {
      at = place.utc(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
    } else if (!dayFits(local)) {
      at = startOfNextDay(place, local);
    } else if (!hour.values.has(date.getUTCHours())) {
      // Hours are counted as they pass, not as the clocks show them.
      at += hourMs - date.getUTCMinutes() * minuteMs;
    } else if (!minute.values.has(date.getUTCMinutes())) {
      at += minuteMs;
    } else return at;
  }
}

/** Where midnight is skipped, the day begins later. */
function startOfNextDay(place: TimeZone, local: number): number {
  const midnight = Math.floor(local / dayMs) * dayMs + dayMs;
  const at = place.utc(midnight);
  const shown = place.local(at);
  return shown < midnight ? at + (midnight - shown) : at;
}

const zones = new Map<string, TimeZone>();

function zoneOf(name: string | undefined): TimeZone {
  if (name === undefined) return utcZone;
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = timeZone(name);
    zones.set(name, zone);
  }
  return zone;
}
