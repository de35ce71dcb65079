import { ProgramError } from '../shell/index.ts';

export interface Options {
  has(letter: string): boolean;
  value(letter: string): string | undefined;
  readonly operands: readonly string[];
}

/**
 * Reads arguments as getopt does: `spec` has the letters, with `:` behind those that take a value. `long` gives letters for
 * long names. Operands may stand between options.
 */
export function parseOptions(
  args: readonly string[],
  spec: string,
  long: Readonly<Record<string, string>> = {},
): Options {
  const values = new Map<string, string>();
  const operands: string[] = [];
  const takes = (letter: string) => spec[spec.indexOf(letter) + 1] === ':';
  const refuse = (what: string): never => {
    throw new ProgramError(`unrecognized option: ${what}`, 1);
  };
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const [name = '', ...rest] = arg.slice(2).split('=');
      const letter = long[name] ?? refuse(name);
      if (!takes(letter)) values.set(letter, '');
      else values.set(letter, rest.length > 0 ? rest.join('=') : (args[++at] ?? refuse(name)));
      continue;
    }
    if (!arg.startsWith('-') || arg === '-') {
      operands.push(arg);
      continue;
    }
    for (let index = 1; index < arg.length; index++) {
      const letter = arg[index]!;
      if (letter === ':' || !spec.includes(letter)) refuse(letter);
      if (!takes(letter)) {
        values.set(letter, '');
        continue;
      }
      const rest = arg.slice(index + 1);
      const value = rest !== '' ? rest : args[++at];
      if (value === undefined) throw new ProgramError(`option requires an argument -- ${letter}`, 1);
      values.set(letter, value);
      break;
    }
  }
  return { has: (letter) => values.has(letter), value: (letter) => values.get(letter), operands };
}

export function integer(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const match = /^([+-]?\d+)([kKmMgG]?)$/.exec(text);
  if (match === null) throw new ProgramError(`invalid number '${text}'`);
  const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
  return Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1);
}

/** `1`, `0.5`, `2m`, `1h`, in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(text);
  if (match === null) throw new ProgramError(`invalid time interval '${text}'`);
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };
  return Number(match[1]) * (units[match[2] ?? ''] ?? 1) * 1_000;
}
