import { IssueError } from './syntax.ts';

export interface Token {
  readonly type: 'name' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'symbol' | 'end';
  /** Names and symbols as they stand, strings unescaped, numbers without their suffix. */
  readonly text: string;
  readonly bytes?: Uint8Array;
  /** `` `name` `` */
  readonly quoted?: boolean;
  readonly at: number;
}

const space = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y;
const number = /0x[0-9a-fA-F]+u?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?u?|\.\d+(?:[eE][+-]?\d+)?/iy;
const name = /[A-Za-z_]\w*/y;
const quotedName = /`([A-Za-z0-9_.\-/ ]+)`/y;
const text = /([bB][rR]?|[rR][bB]?)?("""|'''|"|')/y;
const symbol = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}=]/y;

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '?': 63,
  '"': 34,
  "'": 39,
  '`': 96,
};

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

interface Unescaped {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Reads escapes: in bytes `\x` and octal ones are bytes, in strings they are code points. */
function unescape(body: string, at: number, asBytes: boolean): Unescaped {
  let made = '';
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const put = (piece: string): void => {
    made += piece;
    if (asBytes) bytes.push(...encoder.encode(piece));
  };
  const escape = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|(.))/sy;
  for (let index = 0; index < body.length;) {
    if (body[index] !== '\\') {
      const char = String.fromCodePoint(body.codePointAt(index)!);
      put(char);
      index += char.length;
      continue;
    }
    const found = match(escape, body, index);
    const [all = '', short, long, hex, octal, simple = ''] = found ?? [];
    const code = parseInt(short ?? long ?? hex ?? octal ?? '', octal === undefined ? 16 : 8);
    if (found === null || (Number.isNaN(code) && !Object.hasOwn(simpleEscapes, simple)))
      throw new IssueError(at, 'Syntax error: token recognition error: invalid escape sequence');
    if (code > 0x10ffff) throw new IssueError(at, 'Syntax error: invalid unicode code point');
    if (asBytes && (hex !== undefined || octal !== undefined)) {
      bytes.push(code);
      made += String.fromCodePoint(code);
    } else put(String.fromCodePoint(Number.isNaN(code) ? simpleEscapes[simple]! : code));
    index += all.length;
  }
  return { text: made, bytes: Uint8Array.from(bytes) };
}

/** Takes an expression apart. Throws an IssueError. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const blank = match(space, source, at);
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const string = match(text, source, at);
    if (string !== null) {
      const [open, prefix = '', quote = ''] = string;
      const raw = /r/i.test(prefix);
      const start = at + open.length;
      let end = start;
      while (end < source.length && !source.startsWith(quote, end)) {
        if (quote.length === 1 && source[end] === '\n') break;
        end += source[end] === '\\' && !raw ? 2 : 1;
      }
      if (!source.startsWith(quote, end))
        throw new IssueError(at, `Syntax error: token recognition error at: '${source.slice(at, end)}'`);
      const body = source.slice(start, end);
      const asBytes = /b/i.test(prefix);
      const made = raw ? { text: body, bytes: new TextEncoder().encode(body) } : unescape(body, at, asBytes);
      tokens.push({ type: asBytes ? 'bytes' : 'string', text: made.text, bytes: made.bytes, at });
      at = end + quote.length;
      continue;
    }
    const digits = match(number, source, at);
    if (digits !== null && !(digits[0].startsWith('.') && tokens.at(-1)?.type === 'name')) {
      const [all] = digits;
      const unsigned = /u$/i.test(all);
      const isDouble = !/^0x/i.test(all) && /[.e]/i.test(all);
      tokens.push({
        type: isDouble ? 'double' : unsigned ? 'uint' : 'int',
        text: unsigned ? all.slice(0, -1) : all,
        at,
      });
      at += all.length;
      continue;
    }
    const quoted = match(quotedName, source, at);
    const word = quoted ?? match(name, source, at);
    if (word !== null) {
      tokens.push({ type: 'name', text: word[1] ?? word[0], at, quoted: quoted !== null });
      at += word[0].length;
      continue;
    }
    const sign = match(symbol, source, at);
    if (sign === null)
      throw new IssueError(at, `Syntax error: token recognition error at: '${source[at] ?? ''}'`);
    tokens.push({ type: 'symbol', text: sign[0], at });
    at += sign[0].length;
  }
  tokens.push({ type: 'end', text: '<EOF>', at: source.length });
  return tokens;
}
