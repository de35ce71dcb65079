import { RE2JS } from 're2js';
import { toJavaScript } from './to-javascript.ts';

/** A pattern that Go could not read; the message is Go's: ``error parsing regexp: missing closing ): `(` ``. */
export class GoRegexpSyntaxError extends Error {
  override readonly name = 'GoRegexpSyntaxError';
}

/** A regular expression in Go's (RE2's) dialect. Whatever the pattern, the time taken is linear in the text's length. */
export interface GoRegexp {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
  /** The matches from left to right, at most `limit` (all when negative). Empty matches next to a match are not told twice. */
  findAll(text: string, limit: number): string[];
}

/**
 * A quantifier over something that holds a quantifier or an alternative: where a backtracking engine may take
 * exponential time.
 */
const nested = /\)(?:[*+]|\{\d+,?\d*\})/;
const quantifiers = /[*+]|\{\d+,?\d*\}/g;
const optionals = /\?/g;
const maxOptionals = 6;
/** Steps that a backtracking engine may take; a few milliseconds. */
const maxSteps = 1_000_000;

/** The longest text that a backtracking engine is given: each quantifier may try each length, from each place. */
function maxNativeLength(pattern: string): number {
  if (nested.test(pattern) || (pattern.match(optionals)?.length ?? 0) > maxOptionals) return -1;
  return Math.floor(maxSteps ** (1 / ((pattern.match(quantifiers)?.length ?? 0) + 1)));
}

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
    linear = RE2JS.compile(pattern);
  } catch (error) {
    throw new GoRegexpSyntaxError(error instanceof Error ? error.message : String(error));
  }
  const longest = maxNativeLength(pattern);
  const fast = longest > 0 ? nativeOf(pattern) : undefined;
  const made: GoRegexp = {
    test: (text) => (fast !== undefined && text.length <= longest ? fast.test(text) : linear.test(text)),
    findAll(text, limit) {
      const found: string[] = [];
      const matcher = linear.matcher(text);
      let end = -1;
      while ((limit < 0 || found.length < limit) && matcher.find()) {
        // An empty match that touches the one before it is none.
        if (matcher.start() === matcher.end() && matcher.start() === end) continue;
        end = matcher.end();
        found.push(matcher.group() ?? '');
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
