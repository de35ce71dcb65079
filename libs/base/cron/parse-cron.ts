import { goQuote, parseDuration } from '../apimachinery/index.ts';
import { isTimeZone } from './time-zone.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Minute, hour, day of month, month, day of week. */
const fieldBounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
];

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** One field of an expression: the values it allows. */
export interface CronField {
  readonly values: ReadonlySet<number>;
  /** Written as `*` or `?`: any value, and no word in the choice between the two day fields. */
  readonly any: boolean;
}

/** A schedule: either five fields or a fixed interval, in a time zone of its own where it names one. */
export type CronSchedule =
  | {
      readonly kind: 'fields';
      readonly zone: string | undefined;
      readonly minute: CronField;
      readonly hour: CronField;
      readonly dayOfMonth: CronField;
      readonly month: CronField;
      readonly dayOfWeek: CronField;
    }
  | { readonly kind: 'every'; readonly zone: string | undefined; readonly everyMs: number };

/** What is wrong with an expression, in the words that users of Kubernetes know. */
export class CronSyntaxError extends Error {}

function parseNumber(text: string, expression: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new CronSyntaxError(
      `failed to parse int from ${expression}: strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`,
    );
  }
  const value = Number(text);
  if (value < 0) throw new CronSyntaxError(`negative number (${value}) not allowed: ${expression}`);
  return value;
}

function parseNumberOrName(text: string, bounds: Bounds): number {
  const index = bounds.names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? index + bounds.min : parseNumber(text, text);
}

/** Reads one part of a field, such as `*`, `5`, `1-5`, `0/15` or `3-59/15`, into `values`; tells whether it means any value. */
function readRange(expression: string, bounds: Bounds, values: Set<number>): boolean {
  const [range = '', step, ...moreSteps] = expression.split('/');
  const [low = '', high, ...moreHyphens] = range.split('-');
  let start = bounds.min;
  let end = bounds.max;
  const star = low === '*' || low === '?';
  if (!star) {
    start = parseNumberOrName(low, bounds);
    if (moreHyphens.length > 0) throw new CronSyntaxError(`too many hyphens: ${expression}`);
    end = high === undefined ? start : parseNumberOrName(high, bounds);
  }
  if (moreSteps.length > 0) throw new CronSyntaxError(`too many slashes: ${expression}`);
  const every = step === undefined ? 1 : parseNumber(step, step);
  // `5/15` means from 5 to the end, every 15.
  if (step !== undefined && high === undefined) end = bounds.max;
  if (start < bounds.min) {
    throw new CronSyntaxError(`beginning of range (${start}) below minimum (${bounds.min}): ${expression}`);
  }
  if (end > bounds.max) {
    throw new CronSyntaxError(`end of range (${end}) above maximum (${bounds.max}): ${expression}`);
  }
  if (start > end) {
    throw new CronSyntaxError(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  }
  if (every === 0) throw new CronSyntaxError(`step of range should be a positive number: ${expression}`);
  for (let value = start; value <= end; value += every) values.add(value);
  // A star with a step chooses, as a list would.
  return star && every === 1;
}

function readField(text: string, bounds: Bounds): CronField {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',')) if (part !== '' && readRange(part, bounds, values)) any = true;
  return { values, any };
}

function readEvery(text: string, zone: string | undefined): CronSchedule {
  const every = '@every ';
  if (!text.startsWith(every)) throw new CronSyntaxError(`unrecognized descriptor: ${text}`);
  try {
    const everyMs = parseDuration(text.slice(every.length));
    return { kind: 'every', zone, everyMs: Math.max(1000, Math.floor(everyMs / 1000) * 1000) };
  } catch (error) {
    throw new CronSyntaxError(`failed to parse duration ${text}: ${(error as Error).message}`);
  }
}

/**
 * Reads a cron expression as Kubernetes does: five fields, or a descriptor such as `@daily` or `@every 1h30m`, either
 * after an optional `TZ=` or `CRON_TZ=`.
 * @throws CronSyntaxError
 */
export function parseCron(text: string): CronSchedule {
  let rest = text;
  if (rest === '') throw new CronSyntaxError('empty spec string');
  const prefix = /^(?:CRON_)?TZ=(\S*)/.exec(rest);
  let zone: string | undefined;
  if (prefix !== null) {
    zone = prefix[1] || 'UTC';
    if (!isTimeZone(zone)) {
      throw new CronSyntaxError(`provided bad location ${zone}: unknown time zone ${zone}`);
    }
    rest = rest.slice(prefix[0].length).trim();
  }
  if (rest.startsWith('@')) {
    const meaning = descriptors[rest];
    if (meaning === undefined) return readEvery(rest, zone);
    rest = meaning;
  }
  const fields = rest.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== fieldBounds.length) {
    throw new CronSyntaxError(
      `expected exactly ${fieldBounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`,
    );
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fieldBounds.map((bounds, index) =>
    readField(fields[index] ?? '', bounds),
  ) as [CronField, CronField, CronField, CronField, CronField];
  return { kind: 'fields', zone, minute, hour, dayOfMonth, month, dayOfWeek };
}
