import { goQuote } from './go-format.ts';

/** Text that is no Go duration; the message is Go's. */
export class DurationSyntaxError extends Error {
  override readonly name = 'DurationSyntaxError';
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/**
 * Reads Go's form of a duration (`1h30m`, `-1.5s`, `250ms`, `0`) as milliseconds.
 * @throws DurationSyntaxError in Go's words
 */
export function parseDuration(text: string): number {
  const invalid = (): DurationSyntaxError =>
    new DurationSyntaxError(`time: invalid duration ${goQuote(text)}`);
  const negative = text.startsWith('-');
  let rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let totalMs = 0;
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) throw invalid();
    rest = rest.slice(number.length);
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw new DurationSyntaxError(`time: missing unit in duration ${goQuote(text)}`);
    const factor = unitMs.get(unit);
    if (factor === undefined) {
      throw new DurationSyntaxError(`time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    }
    totalMs += Number(number) * factor;
    rest = rest.slice(unit.length);
  }
  // 290 years, Go's limit.
  if (totalMs > 9_223_372_036_854) throw invalid();
  return negative ? -totalMs : totalMs;
}

/** `value` in units of 10^-digits as decimal text without trailing zeros. */
function fixed(value: bigint, digits: number): string {
  const factor = 10n ** BigInt(digits);
  const fraction = String(value % factor)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${value / factor}` : `${value / factor}.${fraction}`;
}

/** Writes milliseconds in Go's form: `1m0s`, `1h0m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  const nanos = BigInt(Math.round(Math.abs(durationMs) * 1e6));
  if (nanos === 0n) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  if (nanos < 1000n) return `${sign}${nanos}ns`;
  if (nanos < 1_000_000n) return `${sign}${fixed(nanos, 3)}µs`;
  if (nanos < 1_000_000_000n) return `${sign}${fixed(nanos, 6)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${fixed(nanos % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  return minutes < 60n
    ? `${sign}${minutes}m${seconds}`
    : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

function twoUnits(
  seconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const rest = Math.floor((seconds % large) / small);
  const first = `${Math.floor(seconds / large)}${largeName}`;
  return rest === 0 ? first : `${first}${rest}${smallName}`;
}

/** What a clock that runs slightly ahead may cause, or undefined for a sound duration. */
function negativeText(seconds: number): string | undefined {
  if (seconds < -1) return '<invalid>';
  return seconds < 0 ? '0s' : undefined;
}

/** A duration as kubectl's AGE column prints it: two or three significant figures (`5m30s`, `47h`, `2d3h`). */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  const negative = negativeText(seconds);
  if (negative !== undefined) return negative;
  if (seconds < 2 * minute) return `${seconds}s`;
  if (seconds < 10 * minute) return twoUnits(seconds, minute, 'm', 1, 's');
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`;
  if (seconds < 8 * hour) return twoUnits(seconds, hour, 'h', minute, 'm');
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`;
  if (seconds < 8 * day) return twoUnits(seconds, day, 'd', hour, 'h');
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`;
  if (seconds < 8 * year) return twoUnits(seconds, year, 'y', day, 'd');
  return `${Math.floor(seconds / year)}y`;
}

/** A duration in its largest unit only: `5m`, `2d`. */
export function shortHumanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  const negative = negativeText(seconds);
  if (negative !== undefined) return negative;
  if (seconds < minute) return `${seconds}s`;
  if (seconds < hour) return `${Math.floor(seconds / minute)}m`;
  if (seconds < day) return `${Math.floor(seconds / hour)}h`;
  return seconds < year ? `${Math.floor(seconds / day)}d` : `${Math.floor(seconds / year)}y`;
}
