import { goQuote, parseDuration } from '@drydock/base/apimachinery';

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

const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

class ScheduleError extends Error {}

function parseNumber(text: string, expression: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScheduleError(
      `failed to parse int from ${expression}: strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`,
    );
  }
  const value = Number(text);
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${expression}`);
  return value;
}

function parseNumberOrName(text: string, bounds: Bounds): number {
  const index = bounds.names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? index + bounds.min : parseNumber(text, text);
}

function checkRange(expression: string, bounds: Bounds): void {
  const [range = '', step, ...moreSteps] = expression.split('/');
  const [low = '', high, ...moreHyphens] = range.split('-');
  let start = bounds.min;
  let end = bounds.max;
  if (low !== '*' && low !== '?') {
    start = parseNumberOrName(low, bounds);
    if (moreHyphens.length > 0) throw new ScheduleError(`too many hyphens: ${expression}`);
    end = high === undefined ? start : parseNumberOrName(high, bounds);
  }
  if (moreSteps.length > 0) throw new ScheduleError(`too many slashes: ${expression}`);
  const every = step === undefined ? 1 : parseNumber(step, step);
  // `5/15` means from 5 to the end, every 15.
  if (step !== undefined && high === undefined) end = bounds.max;
  if (start < bounds.min) {
    throw new ScheduleError(`beginning of range (${start}) below minimum (${bounds.min}): ${expression}`);
  }
  if (end > bounds.max) {
    throw new ScheduleError(`end of range (${end}) above maximum (${bounds.max}): ${expression}`);
  }
  if (start > end) {
    throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  }
  if (every === 0) throw new ScheduleError(`step of range should be a positive number: ${expression}`);
}

function checkDescriptor(text: string): void {
  if (descriptors.includes(text)) return;
  const every = '@every ';
  if (!text.startsWith(every)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  try {
    parseDuration(text.slice(every.length));
  } catch (error) {
    throw new ScheduleError(`failed to parse duration ${text}: ${(error as Error).message}`);
  }
}

function checkSchedule(text: string): void {
  let rest = text;
  if (rest === '') throw new ScheduleError('empty spec string');
  const zone = /^(?:CRON_)?TZ=(\S*)/.exec(rest);
  if (zone !== null) {
    const name = zone[1] ?? '';
    if (name !== '' && !isTimeZone(name)) {
      throw new ScheduleError(`provided bad location ${name}: unknown time zone ${name}`);
    }
    rest = rest.slice(zone[0].length).trim();
  }
  if (rest.startsWith('@')) return checkDescriptor(rest);
  const fields = rest.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== fieldBounds.length) {
    throw new ScheduleError(
      `expected exactly ${fieldBounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`,
    );
  }
  fields.forEach((field, index) => {
    const bounds = fieldBounds[index];
    if (bounds === undefined) return;
    for (const part of field.split(',')) if (part !== '') checkRange(part, bounds);
  });
}

/** What is wrong with a cron schedule, in the words Kubernetes' users know; undefined when nothing is. */
export function cronScheduleProblem(text: string): string | undefined {
  try {
    checkSchedule(text);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

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
