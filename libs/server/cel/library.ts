import { parseType, type Type } from './types.ts';
import type { Value } from './values.ts';

/** One way to call a function. */
export interface Overload {
  /** `x.f(y)` rather than `f(x, y)`; the receiver is the first parameter. */
  readonly method: boolean;
  readonly parameters: readonly Type[];
  readonly result: Type;
  /** Throws a CelError. */
  run(...args: Value[]): Value;
}

/** Functions by name. */
export type Library = ReadonlyMap<string, readonly Overload[]>;

type Declaration = readonly [name: string, signature: string, run: (...args: never[]) => Value];

/**
 * Makes a library of declarations: `['startsWith', 'string.(string) bool', (text, start) => …]`; functions that are no
 * methods are written without the receiver and the dot.
 */
export function library(declarations: readonly Declaration[]): Library {
  const made = new Map<string, Overload[]>();
  for (const [name, signature, run] of declarations) {
    const [, receiver = '', parameters = '', result = ''] =
      /^(?:(.*?)\.)?\((.*)\) (\S.*)$/.exec(signature) ?? [];
    const texts = splitTypes(parameters);
    const overload: Overload = {
      method: receiver !== '',
      parameters: (receiver === '' ? texts : [receiver, ...texts]).map(parseType),
      result: parseType(result),
      run: run as Overload['run'],
    };
    const known = made.get(name);
    if (known === undefined) made.set(name, [overload]);
    else known.push(overload);
  }
  return made;
}

function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += char;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}

/** Several libraries as one. */
export function joinLibraries(...libraries: readonly Library[]): Library {
  const all = new Map<string, Overload[]>();
  for (const one of libraries)
    for (const [name, overloads] of one) all.set(name, [...(all.get(name) ?? []), ...overloads]);
  return all;
}
