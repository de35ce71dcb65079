import { deepEqual, getOwn, isJsonObject } from './json-value.ts';

/** A path expression that cannot be read. */
export class JsonPathSyntaxError extends Error {
  override readonly name = 'JsonPathSyntaxError';
}

/** A compiled path. */
export interface JsonPath {
  /** All values the path leads to, in order; none when a step is missing. */
  evaluate(value: unknown): unknown[];
}

type Step = (values: readonly unknown[]) => unknown[];

type Comparison = '==' | '!=' | '<=' | '>=' | '<' | '>';

function membersOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isJsonObject(value) ? Object.values(value) : [];
}

function field(name: string): Step {
  return (values) =>
    values.flatMap((value) =>
      isJsonObject(value) && Object.hasOwn(value, name) ? [getOwn(value, name)] : [],
    );
}

const wildcard: Step = (values) => values.flatMap(membersOf);

function descendants(value: unknown): unknown[] {
  return [value, ...membersOf(value).flatMap(descendants)];
}

/** `..`: the values themselves and everything below them. */
const recursive: Step = (values) => values.flatMap(descendants);

function slice(start: number | undefined, end: number | undefined, stride: number): Step {
  return (values) =>
    values.flatMap((value) => {
      if (!Array.isArray(value)) return [];
      return value.slice(start, end).filter((_, index) => index % stride === 0);
    });
}

function position(index: number): Step {
  return (values) =>
    values.flatMap((value) => {
      const place = Array.isArray(value) && index < 0 ? value.length + index : index;
      return Array.isArray(value) && place >= 0 && place < value.length ? [value[place]] : [];
    });
}

function union(steps: readonly Step[]): Step {
  const [only] = steps;
  return steps.length === 1 && only !== undefined ? only : (values) => steps.flatMap((step) => step(values));
}

function compare(left: unknown, operator: Comparison, right: unknown): boolean {
  if (operator === '==') return deepEqual(left, right);
  if (operator === '!=') return !deepEqual(left, right);
  const comparable =
    (typeof left === 'number' && typeof right === 'number') ||
    (typeof left === 'string' && typeof right === 'string');
  if (!comparable) return false;
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

type Operand = (item: unknown) => unknown[];

function filter(left: Operand, operator?: Comparison, right?: Operand): Step {
  return (values) =>
    values.flatMap(membersOf).filter((item) => {
      const [found] = left(item);
      if (operator === undefined || right === undefined) return left(item).length > 0;
      const wanted = right(item);
      return left(item).length > 0 && wanted.length > 0 && compare(found, operator, wanted[0]);
    });
}

/** Where a step ends: names go up to one of these. */
const nameEnd = /[.[\]{}\s]/;

class PathParser {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Step[] {
    const steps: Step[] = [];
    if (this.#peek() === '$' || this.#peek() === '@') this.#position += 1;
    while (this.#position < this.#text.length) steps.push(...this.#step());
    return steps;
  }

  #peek(): string {
    return this.#text.charAt(this.#position);
  }

  #fail(message: string): never {
    throw new JsonPathSyntaxError(
      `${message} in ${JSON.stringify(this.#text)} at position ${this.#position}`,
    );
  }

  #step(): Step[] {
    if (this.#peek() === '[') return [this.#brackets()];
    if (this.#text.startsWith('..', this.#position)) {
      this.#position += 2;
      return this.#peek() === '[' ? [recursive] : [recursive, this.#name()];
    }
    if (this.#peek() === '.') {
      this.#position += 1;
      // A single dot is the value itself, and `.[0]` is allowed.
      if (this.#position === this.#text.length || this.#peek() === '[') return [];
    } else if (this.#position > 0) this.#fail(`unexpected ${JSON.stringify(this.#peek())}`);
    return [this.#name()];
  }

  #name(): Step {
    let name = '';
    let escaped = false;
    for (; this.#position < this.#text.length; this.#position += 1) {
      let character = this.#peek();
      if (character === '\\') {
        this.#position += 1;
        character = this.#peek();
        escaped = true;
      } else if (nameEnd.test(character)) break;
      name += character;
    }
    if (name === '') this.#fail('a field name is missing');
    return name === '*' && !escaped ? wildcard : field(name);
  }

  #brackets(): Step {
    const inner = this.#bracketText();
    if (inner.startsWith('?(') && inner.endsWith(')')) return this.#filter(inner.slice(2, -1).trim());
    return union(splitOutsideQuotes(inner, ',').map((part) => this.#selector(part.trim())));
  }

  /** Up to the bracket that closes this one; quotes and nested brackets count. */
  #bracketText(): string {
    const start = this.#position + 1;
    let depth = 0;
    let quote = '';
    for (; this.#position < this.#text.length; this.#position += 1) {
      const character = this.#peek();
      if (quote !== '') {
        if (character === '\\') this.#position += 1;
        else if (character === quote) quote = '';
      } else if (character === '"' || character === "'") quote = character;
      else if (character === '[') depth += 1;
      else if (character === ']') {
        depth -= 1;
        if (depth === 0) {
          this.#position += 1;
          return this.#text.slice(start, this.#position - 1);
        }
      }
    }
    return this.#fail('unterminated array');
  }

  #selector(text: string): Step {
    if (text === '*') return wildcard;
    const name = readQuoted(text);
    if (name !== undefined) return field(name);
    if (/^-?[0-9]+$/.test(text)) return position(Number(text));
    const parts = /^(-?[0-9]+)?:(-?[0-9]+)?(?::([0-9]+))?$/.exec(text);
    if (parts === null) return this.#fail(`invalid array index ${text}`);
    const bound = (part: string | undefined): number | undefined =>
      part === undefined ? undefined : Number(part);
    return slice(bound(parts[1]), bound(parts[2]), Math.max(bound(parts[3]) ?? 1, 1));
  }

  #filter(text: string): Step {
    const found = findComparison(text);
    if (found === undefined) return filter(this.#operand(text));
    const { operator, index } = found;
    const left = this.#operand(text.slice(0, index).trim());
    return filter(left, operator, this.#operand(text.slice(index + operator.length).trim()));
  }

  #operand(text: string): Operand {
    const quoted = readQuoted(text);
    if (quoted !== undefined) return () => [quoted];
    if (text === 'true' || text === 'false') return () => [text === 'true'];
    if (text === 'null') return () => [null];
    if (/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return () => [Number(text)];
    if (!text.startsWith('@') && !text.startsWith('.')) return this.#fail(`unrecognized operand ${text}`);
    const steps = new PathParser(text).parse();
    return (item) => run(steps, item);
  }
}

function readQuoted(text: string): string | undefined {
  const quote = text.charAt(0);
  if (text.length < 2 || (quote !== '"' && quote !== "'") || !text.endsWith(quote)) return undefined;
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [''];
  let quote = '';
  for (const character of text) {
    if (quote === '' && character === separator) {
      parts.push('');
      continue;
    }
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    parts[parts.length - 1] += character;
  }
  return parts;
}

function findComparison(text: string): { operator: Comparison; index: number } | undefined {
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else {
      const operator = /^(==|!=|<=|>=|<|>)/.exec(text.slice(index, index + 2))?.[0];
      if (operator !== undefined) return { operator: operator as Comparison, index };
    }
  }
  return undefined;
}

function run(steps: readonly Step[], value: unknown): unknown[] {
  let values: unknown[] = [value];
  for (const step of steps) values = step(values);
  return values;
}

/**
 * Compiles the part of kubectl's path language that printer columns and scale paths use: fields (`.a.b`, `.a\.b`,
 * `['a.b']`), positions (`[0]`, `[-1]`), slices, `*`, `..`, unions and filters (`[?(@.type=="Ready")]`).
 * Surrounding braces are allowed. Missing steps give no result.
 * @throws JsonPathSyntaxError
 */
export function compileJsonPath(text: string): JsonPath {
  const trimmed = text.trim();
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1).trim() : trimmed;
  const steps = new PathParser(inner).parse();
  return { evaluate: (value) => run(steps, value) };
}
