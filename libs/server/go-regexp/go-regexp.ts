import { RE2JS } from '@bufbuild/re2';
import { toJavaScript } from './to-javascript.ts';

/** A pattern that Go could not read; the message is Go's: ``error parsing regexp: missing closing ): `(` ``. */
export class GoRegexpSyntaxError extends Error {
  override readonly name = 'GoRegexpSyntaxError';
}

/** A regular expression in Go's (RE2's) dialect. */
export interface GoRegexp {
  /** Whether it matches anywhere in the text. Takes time linear in the text's length. */
  test(text: string): boolean;
  /** The matches from left to right, at most `limit` (all when negative). Empty matches next to a match are not told twice. */
  findAll(text: string, limit: number): string[];
}

/**
 * A quantifier over something that holds a quantifier or an alternative: where a backtracking engine may take
 * exponential time.
 */
const risky = /\)(?:[*+]|\{\d+,?\d*\})/;

const compiled = new Map<string, GoRegexp>();
const maxCompiled = 4096;

/**
 * Compiles a pattern; the compiled form is shared.
 * @throws GoRegexpSyntaxError
 */
export function compileGoRegexp(pattern: string): GoRegexp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let linear: RE2JS;
  try {
    linear = new RE2JS(pattern);
  } catch (error) {
    throw new GoRegexpSyntaxError(error instanceof Error ? error.message : String(error));
  }
  const native = nativeOf(pattern);
  const fast = native !== undefined && !risky.test(pattern) ? native : undefined;
  const made: GoRegexp = {
    test: fast === undefined ? (text) => linear.test(text) : (text) => fast.test(text),
    findAll(text, limit) {
      if (native === undefined || !linear.test(text)) return [];
      const found: string[] = [];
      for (const match of text.matchAll(new RegExp(native.source, `${native.flags}g`))) {
        if (limit >= 0 && found.length >= limit) break;
        found.push(match[0]);
      }
      return found;
    },
  };
  if (compiled.size >= maxCompiled) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

/** The same expression for the engine of the platform; undefined where it has no such thing. */
function nativeOf(pattern: string): RegExp | undefined {
  try {
    const { source, flags } = toJavaScript(pattern);
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}
