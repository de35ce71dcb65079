import { tokenize, type Token } from './lexer.ts';
import { expandMacro } from './macros.ts';
import {
  CelCompileError,
  IssueError,
  qualifiedName,
  type Expression,
  type MapEntry,
  type MessageField,
} from './syntax.ts';
import { Uint } from './values.ts';

const reserved: ReadonlySet<string> = new Set([
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
  'in',
]);
const relations: Readonly<Record<string, string>> = {
  '==': '_==_',
  '!=': '_!=_',
  '<': '_<_',
  '<=': '_<=_',
  '>': '_>_',
  '>=': '_>=_',
};
const sums: Readonly<Record<string, string>> = { '+': '_+_', '-': '_-_' };
const products: Readonly<Record<string, string>> = { '*': '_*_', '/': '_/_', '%': '_%_' };
const maxDepth = 250;
const maxInt = 2n ** 63n;

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #is(symbol: string): boolean {
    const { type, text } = this.#token;
    return type === 'symbol' && text === symbol;
  }

  #take(symbol: string): Token | undefined {
    if (!this.#is(symbol)) return undefined;
    return this.#tokens[this.#next++];
  }

  #expect(symbol: string): Token {
    return this.#take(symbol) ?? this.#fail(`expecting '${symbol}'`);
  }

  #fail(what: string): never {
    const { text, at, type } = this.#token;
    const seen = type === 'end' ? "'<EOF>'" : `'${text}'`;
    throw new IssueError(at, `Syntax error: mismatched input ${seen} ${what}`);
  }

  whole(): Expression {
    const made = this.expression();
    if (this.#token.type !== 'end') {
      const { text, at } = this.#token;
      throw new IssueError(at, `Syntax error: extraneous input '${text}' expecting <EOF>`);
    }
    return made;
  }

  expression(): Expression {
    if (++this.#depth > maxDepth)
      throw new IssueError(this.#token.at, `expression recursion limit exceeded: ${maxDepth}`);
    const condition = this.#or();
    const mark = this.#take('?');
    let made = condition;
    if (mark !== undefined) {
      const yes = this.#or();
      this.#expect(':');
      const no = this.expression();
      made = { kind: 'call', name: '_?_:_', target: undefined, args: [condition, yes, no], at: mark.at };
    }
    this.#depth--;
    return made;
  }

  #call(name: string, args: readonly Expression[], at: number): Expression {
    return { kind: 'call', name, target: undefined, args, at };
  }

  #or(): Expression {
    let left = this.#and();
    for (let mark = this.#take('||'); mark !== undefined; mark = this.#take('||'))
      left = this.#call('_||_', [left, this.#and()], mark.at);
    return left;
  }

  #and(): Expression {
    let left = this.#relation();
    for (let mark = this.#take('&&'); mark !== undefined; mark = this.#take('&&'))
      left = this.#call('_&&_', [left, this.#relation()], mark.at);
    return left;
  }

  #relation(): Expression {
    let left = this.#binary(sums, () => this.#binary(products, () => this.#unary()));
    for (;;) {
      const { type, text, at } = this.#token;
      const isIn = type === 'name' && text === 'in' && this.#token.quoted !== true;
      const name = isIn
        ? '@in'
        : type === 'symbol' && Object.hasOwn(relations, text)
          ? relations[text]
          : undefined;
      if (name === undefined) return left;
      this.#next++;
      left = this.#call(
        name,
        [left, this.#binary(sums, () => this.#binary(products, () => this.#unary()))],
        at,
      );
    }
  }

  #binary(operators: Readonly<Record<string, string>>, below: () => Expression): Expression {
    let left = below();
    for (;;) {
      const { type, text, at } = this.#token;
      if (type !== 'symbol' || !Object.hasOwn(operators, text)) return left;
      this.#next++;
      left = this.#call(operators[text]!, [left, below()], at);
    }
  }

  #unary(): Expression {
    const { at } = this.#token;
    if (this.#is('!') || this.#is('-')) {
      const sign = this.#token.text;
      let count = 0;
      while (this.#take(sign) !== undefined) count++;
      const { type } = this.#token;
      if (sign === '-' && count % 2 === 1 && (type === 'int' || type === 'double')) {
        const negated = this.#number(true);
        return this.#members(negated);
      }
      const operand = this.#members(this.#primary());
      return count % 2 === 0 ? operand : this.#call(sign === '!' ? '!_' : '-_', [operand], at);
    }
    return this.#members(this.#primary());
  }

  #members(start: Expression): Expression {
    let left = start;
    for (;;) {
      const dot = this.#take('.');
      if (dot !== undefined) {
        const optional = this.#take('?') !== undefined;
        const { type, text, quoted } = this.#token;
        if (type !== 'name') this.#fail('expecting IDENTIFIER');
        if (reserved.has(text) && quoted !== true && text === 'in') this.#fail('expecting IDENTIFIER');
        this.#next++;
        const open = quoted === true || optional ? undefined : this.#take('(');
        if (open === undefined) {
          left = { kind: 'select', operand: left, field: text, test: false, optional, at: dot.at };
        } else {
          const args = this.#arguments(')');
          left = expandMacro(text, left, args, open.at) ?? {
            kind: 'call',
            name: text,
            target: left,
            args,
            at: open.at,
          };
        }
        continue;
      }
      const brace = this.#is('{') ? qualifiedName(left) : undefined;
      if (brace !== undefined) {
        left = this.#message(brace);
        continue;
      }
      const bracket = this.#take('[');
      if (bracket === undefined) return left;
      const optional = this.#take('?') !== undefined;
      const index = this.expression();
      this.#expect(']');
      left = this.#call(optional ? '_[?_]' : '_[_]', [left, index], bracket.at);
    }
  }

  #arguments(end: string): Expression[] {
    const args: Expression[] = [];
    if (this.#take(end) !== undefined) return args;
    do args.push(this.expression());
    while (this.#take(',') !== undefined);
    this.#expect(end);
    return args;
  }

  #number(negative: boolean): Expression {
    const { type, text, at } = this.#token;
    this.#next++;
    if (type === 'double') {
      const value = Number(text);
      return { kind: 'constant', value: negative ? -value : value, at };
    }
    const digits = BigInt(text);
    const value = negative ? -digits : digits;
    if (type === 'uint') {
      if (digits >= 2n * maxInt) throw new IssueError(at, 'invalid uint literal');
      return { kind: 'constant', value: new Uint(digits), at };
    }
    if (value < -maxInt || value >= maxInt) throw new IssueError(at, 'invalid int literal');
    return { kind: 'constant', value, at };
  }

  #primary(): Expression {
    const token = this.#token;
    const { type, text, at } = token;
    switch (type) {
      case 'int':
      case 'uint':
      case 'double':
        return this.#number(false);
      case 'string':
        this.#next++;
        return { kind: 'constant', value: text, at };
      case 'bytes':
        this.#next++;
        return { kind: 'constant', value: token.bytes ?? new Uint8Array(), at };
      case 'name':
        return this.#name(token);
      case 'end':
        return this.#fail(
          "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
        );
      case 'symbol':
        break;
    }
    if (this.#take('(') !== undefined) {
      const inner = this.expression();
      this.#expect(')');
      return inner;
    }
    if (this.#take('[') !== undefined) return this.#list(at);
    if (this.#take('{') !== undefined) return this.#map(at);
    if (this.#take('.') !== undefined && this.#token.type === 'name') return this.#name(this.#token);
    return this.#fail(
      "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
    );
  }

  #name(token: Token): Expression {
    const { text, at, quoted } = token;
    this.#next++;
    if (quoted !== true) {
      if (text === 'true' || text === 'false') return { kind: 'constant', value: text === 'true', at };
      if (text === 'null') return { kind: 'constant', value: null, at };
      if (reserved.has(text)) throw new IssueError(at, `reserved identifier: ${text}`);
    }
    const open = this.#take('(');
    if (open === undefined) return { kind: 'name', name: text, at };
    const args = this.#arguments(')');
    return (
      expandMacro(text, undefined, args, open.at) ?? {
        kind: 'call',
        name: text,
        target: undefined,
        args,
        at: open.at,
      }
    );
  }

  #list(at: number): Expression {
    const items: Expression[] = [];
    const optionals = new Set<number>();
    while (!this.#is(']')) {
      if (this.#take('?') !== undefined) optionals.add(items.length);
      items.push(this.expression());
      if (this.#take(',') === undefined) break;
    }
    this.#expect(']');
    return { kind: 'list', items, optionals, at };
  }

  #message(name: string): Expression {
    const { at } = this.#expect('{');
    const fields: MessageField[] = [];
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined;
      const { type, text } = this.#token;
      if (type !== 'name') this.#fail('expecting IDENTIFIER');
      this.#next++;
      const colon = this.#expect(':');
      fields.push({ name: text, value: this.expression(), optional, at: colon.at });
      if (this.#take(',') === undefined) break;
    }
    this.#expect('}');
    return { kind: 'message', name, fields, at };
  }

  #map(at: number): Expression {
    const entries: MapEntry[] = [];
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined;
      const key = this.expression();
      this.#expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (this.#take(',') === undefined) break;
    }
    this.#expect('}');
    return { kind: 'map', entries, at };
  }
}

/**
 * Reads an expression, macros expanded.
 * @throws CelCompileError
 */
export function parse(source: string): Expression {
  try {
    return new Parser(tokenize(source)).whole();
  } catch (error) {
    if (error instanceof IssueError) throw new CelCompileError(source, [error]);
    throw error;
  }
}
