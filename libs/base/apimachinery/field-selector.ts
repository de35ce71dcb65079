import { badRequest } from './api-error-constructors.ts';

/** A field selector that cannot be parsed; the message is Kubernetes'. Servers answer 400 with it. */
export class FieldSelectorSyntaxError extends Error {
  override readonly name = 'FieldSelectorSyntaxError';
}

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A parsed field selector. Immutable. */
export interface FieldMatcher {
  readonly requirements: readonly FieldRequirement[];
  /** True when it matches everything. */
  readonly empty: boolean;
  /** `fieldOf` gives a field's text; a field that is not there is ''. */
  matches(fieldOf: (field: string) => string): boolean;
  /** Canonical text, escaped. */
  toString(): string;
  /** The value the field must have, where the selector says so with `=`. */
  exactValue(field: string): string | undefined;
}

/** Builds a selector from requirements, all of which must hold. */
export function compileFieldSelector(requirements: readonly FieldRequirement[]): FieldMatcher {
  return {
    requirements,
    // `field!=` excludes objects whose field is empty and `field=` demands it, so a term is never vacuous.
    empty: requirements.length === 0,
    matches: (fieldOf) =>
      requirements.every(({ field, operator, value }) => (fieldOf(field) === value) === (operator === '=')),
    toString: () =>
      requirements
        .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
        .join(','),
    exactValue: (name) =>
      requirements.find(({ field, operator }) => field === name && operator === '=')?.value,
  };
}

/** Escapes `\`, `,` and `=` for use as a value. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

function unescapeFieldValue(text: string): string {
  let value = '';
  let escaped = false;
  for (const character of text) {
    if (escaped) {
      if (character !== '\\' && character !== ',' && character !== '=') {
        throw new FieldSelectorSyntaxError(`invalid field selector: invalid escape sequence: \\${character}`);
      }
      value += character;
      escaped = false;
    } else if (character === '\\') escaped = true;
    else if (character === ',' || character === '=') {
      throw new FieldSelectorSyntaxError(
        `invalid field selector: unescaped character in value: ${character.codePointAt(0)}`,
      );
    } else value += character;
  }
  if (escaped) throw new FieldSelectorSyntaxError('invalid field selector: invalid escape sequence: \\');
  return value;
}

/** Splits at commas that are not escaped. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === ',') {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(term: string, whole: string): FieldRequirement {
  const found = /!=|==|=/.exec(term);
  if (found === null) {
    throw new FieldSelectorSyntaxError(`invalid selector: '${whole}'; can't understand '${term}'`);
  }
  return {
    field: term.slice(0, found.index),
    operator: found[0] === '!=' ? '!=' : '=',
    value: unescapeFieldValue(term.slice(found.index + found[0].length)),
  };
}

/**
 * Parses `metadata.name=x,status.phase!=Running`. Empty text, and empty terms, match everything.
 * @throws FieldSelectorSyntaxError in Kubernetes' words
 */
export function parseFieldSelector(text: string): FieldMatcher {
  const terms = splitTerms(text).filter((term) => term !== '');
  return compileFieldSelector(terms.sort().map((term) => parseTerm(term, text)));
}

/** As `parseFieldSelector`, for request parameters: throws the 400 that Kubernetes answers. */
export function parseFieldSelectorParameter(text: string): FieldMatcher {
  try {
    return parseFieldSelector(text);
  } catch (error) {
    if (error instanceof FieldSelectorSyntaxError) throw badRequest(error.message);
    throw error;
  }
}
