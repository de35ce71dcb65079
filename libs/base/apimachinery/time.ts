import { goQuote } from './go-format.ts';

/** Text that is no RFC 3339 time; the message is Go's. */
export class TimeSyntaxError extends Error {
  override readonly name = 'TimeSyntaxError';
}

let lastSecond = Number.NaN;
let lastText = '';

/** RFC 3339 in UTC with whole seconds (`2026-01-02T03:04:05Z`), as `metav1.Time`; fractions are cut off. */
export function formatTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  // A busy server writes thousands of objects in one second.
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** RFC 3339 in UTC with six digits of fraction, as `metav1.MicroTime`. */
export function formatMicroTime(timeMs: number): string {
  const micros = Math.floor(timeMs * 1000);
  const second = Math.floor(micros / 1_000_000);
  const fraction = String(micros - second * 1_000_000).padStart(6, '0');
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/;

/** Times that were read lately: what happens in one second carries the same text. */
const maxKnownTimes = 512;
const knownTimes = new Map<string, number>();

/** Reads an RFC 3339 time; undefined when it is none. Keeps fractions as precisely as a double can. */
export function tryParseTime(text: string): number | undefined {
  const known = knownTimes.get(text);
  if (known !== undefined) return known;
  const time = readTime(text);
  if (time === undefined) return undefined;
  if (knownTimes.size >= maxKnownTimes) knownTimes.clear();
  knownTimes.set(text, time);
  return time;
}

function readTime(text: string): number | undefined {
  const parts = pattern.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, , sign, offsetHour, offsetMinute] = parts;
  const h = Number(hour);
  const s = Number(second);
  const midnight = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  // Date.parse takes some days that the month does not have.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day)) return undefined;
  if (
    h > 23 ||
    Number(minute) > 59 ||
    s > 59 ||
    Number(offsetHour ?? 0) > 24 ||
    Number(offsetMinute ?? 0) > 59
  ) {
    return undefined;
  }
  const offsetMs =
    (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0)) * 60_000 * (sign === '-' ? -1 : 1);
  const fractionMs = fraction === undefined ? 0 : Number(`0.${fraction}`) * 1000;
  return midnight + ((h * 60 + Number(minute)) * 60 + s) * 1000 - offsetMs + fractionMs;
}

/**
 * Reads an RFC 3339 time (any offset, any fraction) as milliseconds since the epoch.
 * @throws TimeSyntaxError
 */
export function parseTime(text: string): number {
  const time = tryParseTime(text);
  if (time !== undefined) return time;
  const quoted = goQuote(text);
  throw new TimeSyntaxError(
    `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`,
  );
}
