/** Whether the time zone database knows the name. */
export function isTimeZone(name: string): boolean {
  // Offsets such as `+01` are no names.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What the clocks of a place show, as milliseconds since the epoch as if the place were at UTC. */
export interface TimeZone {
  /** Local time of an instant. */
  local(utcMs: number): number;
  /** The instant of a local time; of a time that the clocks skip, the one they show instead; of one shown twice, the first. */
  utc(localMs: number): number;
}

export const utcZone: TimeZone = { local: (utcMs) => utcMs, utc: (localMs) => localMs };

/**
 * A place by its name in the time zone database.
 * @throws RangeError for a name that it does not know
 */
export function timeZone(name: string): TimeZone {
  if (name === 'UTC' || name === 'Etc/UTC') return utcZone;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const local = (utcMs: number): number => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(utcMs)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((utcMs % 1000) + 1000) % 1000);
  };
  return {
    local,
    utc(localMs) {
      const guess = localMs - (local(localMs) - localMs);
      const offset = local(guess) - guess;
      return localMs - offset;
    },
  };
}
