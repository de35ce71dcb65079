import { parseDuration, tryParseQuantity } from '@drydock/base/apimachinery';
import { InvalidArgumentError, Option } from 'commander';

/** Reads a whole number within bounds. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** Reads a duration in Go's form, into milliseconds. */
export function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError('It must be a duration such as 40s or 1m30s.');
  }
}

/** Reads a duration of at least `leastMs`; `least` is that in Go's form. */
export function durationFrom(leastMs: number, least: string): (text: string) => number {
  return (text) => {
    const value = duration(text);
    if (value < leastMs) throw new InvalidArgumentError(`It must be ${least} or more.`);
    return value;
  };
}

/** Reads a count of bytes, as a number or a quantity, of at least `least`. */
export function bytes(least: number): (text: string) => number {
  return (text) => {
    const value = tryParseQuantity(text)?.value() ?? Number.NaN;
    if (!(value >= least && value <= Number.MAX_SAFE_INTEGER))
      throw new InvalidArgumentError(`It must be a count of bytes such as 512Mi, ${least} or more.`);
    return value;
  };
}

/** Reads true or false; a flag without a value is true. Declare it as `--name [bool]`. */
export function boolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new InvalidArgumentError('It must be true or false.');
}

/** Reads what stands between commas; empty items count for nothing. */
export function commaSeparated(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The environment twin's name without `DRYDOCK_`: `--secure-port <n>` has `SECURE_PORT`. */
const twinOf = (name: string): string =>
  name
    .replace(/^--/, '')
    .replace(/[ =].*$/, '')
    .replaceAll('-', '_')
    .toUpperCase();

/** A flag with its environment twin, `DRYDOCK_` and the flag's name (or `env`) in capitals. */
export function flag(name: string, description: string, env = twinOf(name)): Option {
  return new Option(name, description).env(`DRYDOCK_${env}`);
}
