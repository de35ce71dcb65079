import { badRequest } from './api-error-constructors.ts';
import type { FieldError } from './field-error.ts';
import { formatFieldErrors, invalidValue, notSupported } from './field-error.ts';
import { fieldPath } from './field-path.ts';
import type { LabelMatcher, SelectorOperator, SelectorRequirement } from './label-selector.ts';
import { compileSelector, parseInt64 } from './label-selector.ts';
import { validateLabelValue, validateQualifiedName } from './names.ts';

/** A selector that cannot be parsed; the message is Kubernetes'. Servers answer 400 with it. */
export class SelectorSyntaxError extends Error {
  override readonly name = 'SelectorSyntaxError';
}

type TokenKind =
  | 'end'
  | 'identifier'
  | 'error'
  | ')'
  | ','
  | '!'
  | '=='
  | '='
  | '>'
  | 'in'
  | '<'
  | '!='
  | 'notin'
  | '(';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const symbols: ReadonlySet<string> = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
const binaryOperators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const allOperators = [...binaryOperators, 'exists', '!'];

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}

function isSpecial(character: string): boolean {
  return '=!(),><'.includes(character);
}

/** The longest run of special characters that is an operator; a run that begins none is an error. */
function readSymbol(text: string, start: number): { token: Token; end: number } {
  let end = start;
  let longest: string | undefined;
  while (end < text.length && isSpecial(text.charAt(end))) {
    const candidate = text.slice(start, end + 1);
    if (symbols.has(candidate)) longest = candidate;
    else if (longest !== undefined) break;
    end += 1;
  }
  if (longest !== undefined) return { token: { kind: longest as TokenKind, text: longest }, end };
  return { token: { kind: 'error', text: `error expected: keyword found '${text.slice(start, end)}'` }, end };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length && text.charAt(position) !== '\0') {
    const character = text.charAt(position);
    if (isSpace(character)) position += 1;
    else if (isSpecial(character)) {
      const { token, end } = readSymbol(text, position);
      tokens.push(token);
      position = end;
    } else {
      const start = position;
      while (position < text.length && !isSpecial(text.charAt(position)) && !isSpace(text.charAt(position)))
        position += 1;
      const word = text.slice(start, position);
      tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
    }
  }
  return tokens;
}

const endToken: Token = { kind: 'end', text: '' };

/** Walks the tokens; `in` and `notin` are ordinary words except where an operator must stand. */
class Cursor {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    const token = this.#tokens[this.#position] ?? endToken;
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  next(): Token {
    const token = this.peek();
    this.#position += 1;
    return token;
  }

  nextOperator(): Token {
    const token = this.#tokens[this.#position] ?? endToken;
    this.#position += 1;
    return token;
  }
}

function fail(message: string): never {
  throw new SelectorSyntaxError(message);
}

/** Kubernetes' printed form of a path that was never set. */
const noPath = '<nil>';

function labelKeyError(where: string, key: string): FieldError | undefined {
  const messages = validateQualifiedName(key);
  return messages.length === 0 ? undefined : invalidValue(where, key, messages.join('; '));
}

function valueCountError(operator: SelectorOperator, values: readonly string[]): string | undefined {
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined;
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? undefined : 'exact-match compatibility requires one single value';
    case 'exists':
    case '!':
      return values.length === 0 ? undefined : 'values set must be empty for exists and does not exist';
    case 'gt':
    case 'lt':
      return values.length === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required";
    default:
      return undefined;
  }
}

/** All that is wrong with a requirement, in Kubernetes' words; paths are `key`, `operator`, `values[0]`. */
export function validateRequirement(requirement: SelectorRequirement): FieldError[] {
  const { key, operator, values } = requirement;
  const errors: FieldError[] = [];
  const keyError = labelKeyError('key', key);
  if (keyError !== undefined) errors.push(keyError);
  if (!allOperators.includes(operator)) errors.push(notSupported('operator', operator, allOperators));
  const countError = valueCountError(operator, values);
  if (countError !== undefined) errors.push(invalidValue('values', values, countError));
  const path = fieldPath('values');
  if (operator === 'gt' || operator === 'lt') {
    values.forEach((value, index) => {
      if (parseInt64(value) !== undefined) return;
      errors.push(
        invalidValue(path.index(index), value, "for 'Gt', 'Lt' operators, the value must be an integer"),
      );
    });
  }
  values.forEach((value, index) => {
    const messages = validateLabelValue(value);
    if (messages.length > 0)
      errors.push(invalidValue(path.index(index).key(key), value, messages.join('; ')));
  });
  return errors;
}

/** Checks and returns a requirement. Throws `SelectorSyntaxError`. */
export function newRequirement(
  key: string,
  operator: SelectorOperator,
  values: readonly string[],
): SelectorRequirement {
  const requirement = { key, operator, values };
  const errors = validateRequirement(requirement);
  if (errors.length > 0) fail(formatFieldErrors(errors));
  return requirement;
}

function parseRequirement(cursor: Cursor): SelectorRequirement {
  let token = cursor.next();
  const absent = token.kind === '!';
  if (absent) token = cursor.next();
  if (token.kind !== 'identifier') fail(`found '${token.text}', expected: identifier`);
  const key = token.text;
  const keyError = labelKeyError(noPath, key);
  if (keyError !== undefined) fail(formatFieldErrors([keyError]));
  const following = cursor.peek().kind;
  if (absent) return newRequirement(key, '!', []);
  if (following === 'end' || following === ',') return newRequirement(key, 'exists', []);
  const operator = parseOperator(cursor);
  const values = operator === 'in' || operator === 'notin' ? parseValues(cursor) : [parseExactValue(cursor)];
  return newRequirement(key, operator, [...new Set(values)].sort());
}

function parseOperator(cursor: Cursor): SelectorOperator {
  const { kind, text } = cursor.nextOperator();
  switch (kind) {
    case 'in':
    case 'notin':
    case '=':
    case '==':
    case '!=':
      return kind;
    case '>':
      return 'gt';
    case '<':
      return 'lt';
    default:
      return fail(`found '${text}', expected: ${binaryOperators.join(', ')}`);
  }
}

function parseExactValue(cursor: Cursor): string {
  const { kind, text } = cursor.peek();
  if (kind === 'end' || kind === ',') return '';
  cursor.next();
  return kind === 'identifier' ? text : fail(`found '${text}', expected: identifier`);
}

function parseValues(cursor: Cursor): string[] {
  const open = cursor.next();
  if (open.kind !== '(') fail(`found '${open.text}' expected: '('`);
  const first = cursor.peek();
  if (first.kind === ')') {
    cursor.next();
    return [''];
  }
  if (first.kind !== 'identifier' && first.kind !== ',')
    fail(`found '${first.text}', expected: ',', ')' or identifier`);
  const values = parseIdentifiers(cursor);
  if (cursor.next().kind !== ')') fail(`found '${first.text}', expected: ')'`);
  return values;
}

/** Up to the closing parenthesis, which stays. An empty place between commas is the empty value. */
function parseIdentifiers(cursor: Cursor): string[] {
  const values: string[] = [];
  for (;;) {
    const token = cursor.next();
    const following = cursor.peek();
    if (token.kind === 'identifier') {
      values.push(token.text);
      if (following.kind === ')') return values;
      if (following.kind !== ',') fail(`found '${following.text}', expected: ',' or ')'`);
    } else if (token.kind === ',') {
      if (values.length === 0 || following.kind === ',' || following.kind === ')') values.push('');
      if (following.kind === ')') return values;
    } else fail(`found '${token.text}', expected: ',', or identifier`);
  }
}

function parseRequirements(cursor: Cursor): SelectorRequirement[] {
  const requirements: SelectorRequirement[] = [];
  for (;;) {
    const start = cursor.peek();
    if (start.kind === 'end') return requirements;
    if (start.kind !== 'identifier' && start.kind !== '!') {
      fail(`found '${start.text}', expected: !, identifier, or 'end of string'`);
    }
    try {
      requirements.push(parseRequirement(cursor));
    } catch (error) {
      if (error instanceof SelectorSyntaxError) fail(`unable to parse requirement: ${error.message}`);
      throw error;
    }
    const separator = cursor.next();
    if (separator.kind === 'end') return requirements;
    if (separator.kind !== ',') fail(`found '${separator.text}', expected: ',' or 'end of string'`);
    const following = cursor.peek();
    if (following.kind !== 'identifier' && following.kind !== '!') {
      fail(`found '${following.text}', expected: identifier after ','`);
    }
  }
}

/** Parsed selectors are immutable, and clients send the same few over and over. */
const cache = new Map<string, LabelMatcher>();
const maxCached = 1024;

/**
 * Parses the text form: `a=b,c!=d,e in (f,g),!h,i>5`. Empty text matches everything.
 * @throws SelectorSyntaxError in Kubernetes' words
 */
export function parseSelector(text: string): LabelMatcher {
  const cached = cache.get(text);
  if (cached !== undefined) return cached;
  const selector = compileSelector(parseRequirements(new Cursor(tokenize(text))));
  if (cache.size >= maxCached) cache.clear();
  if (text.length <= 1024) cache.set(text, selector);
  return selector;
}

/** As `parseSelector`, for request parameters: throws the 400 that Kubernetes answers. */
export function parseSelectorParameter(text: string): LabelMatcher {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof SelectorSyntaxError) throw badRequest(error.message);
    throw error;
  }
}
