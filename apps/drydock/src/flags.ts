import { parseDuration } from '@drydock/base/apimachinery';
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

/** A flag with its environment twin. */
export function flag(name: string, description: string, env: string): Option {
  return new Option(name, description).env(`DRYDOCK_${env}`);
}
