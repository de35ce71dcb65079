/** As Go's decoder: deeper texts are refused. */
export const maxJsonDepth = 10_000;

/** A byte as Go's scanner prints it: `'x'`, `'\n'`, `'\''`. */
function quoteByte(text: string, at: number): string {
  const point = text.codePointAt(at) ?? 0;
  if (point === 0x27) return "'\\''";
  if (point === 0x22) return `'"'`;
  // Go looks at single bytes, so that of other characters only the first byte of their UTF-8 form is seen.
  const byte =
    point < 0x80
      ? point
      : point < 0x800
        ? 0xc0 | (point >> 6)
        : point < 0x10000
          ? 0xe0 | (point >> 12)
          : 0xf0;
  const short: Readonly<Record<number, string>> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
    92: '\\\\',
  };
  if (short[byte] !== undefined) return `'${short[byte]}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  return `'${String.fromCharCode(byte)}'`;
}

const literals: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** Leaves the scan with Go's words. */
class Refused extends Error {}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Walks the whole text; throws Refused. */
  run(): void {
    /** Open containers, `{` or `[`. */
    const open: string[] = [];
    for (;;) {
      this.#space();
      let char = this.#text[this.#at];
      if (char === '{' || char === '[') {
        if (open.length >= maxJsonDepth) this.#refuse('exceeded max depth');
        open.push(char);
        this.#at++;
        this.#space();
        char = this.#text[this.#at];
        const empty = open.at(-1) === '{' ? '}' : ']';
        if (char !== empty) {
          if (empty === '}') this.#key();
          continue;
        }
        this.#at++;
        open.pop();
      } else this.#scalar(char);
      // A value has ended: close what it closes, up to the next value.
      for (;;) {
        this.#space();
        char = this.#text[this.#at];
        const container = open.at(-1);
        if (container === undefined) {
          if (char !== undefined) this.#refuse('after top-level value');
          return;
        }
        const end = container === '{' ? '}' : ']';
        if (char === ',') {
          this.#at++;
          if (container === '{') this.#key();
          break;
        }
        if (char !== end)
          this.#refuse(container === '{' ? 'after object key:value pair' : 'after array element');
        this.#at++;
        open.pop();
      }
    }
  }

  #refuse(context: string): never {
    if (this.#at >= this.#text.length) throw new Refused('unexpected end of JSON input');
    throw new Refused(`invalid character ${quoteByte(this.#text, this.#at)} ${context}`);
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #key(): void {
    this.#space();
    if (this.#text[this.#at] !== '"') this.#refuse('looking for beginning of object key string');
    this.#string();
    this.#space();
    if (this.#text[this.#at] !== ':') this.#refuse('after object key');
    this.#at++;
  }

  #scalar(char: string | undefined): void {
    if (char === '"') this.#string();
    else if (char === '-' || isDigit(char)) this.#number();
    else {
      const literal = char === undefined ? undefined : literals[char];
      if (literal === undefined) return this.#refuse('looking for beginning of value');
      for (let index = 0; index < literal.length; index++, this.#at++) {
        if (this.#text[this.#at] !== literal[index])
          this.#refuse(`in literal ${literal} (expecting '${literal[index]}')`);
      }
    }
  }

  #string(): void {
    this.#at++;
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      if (Number.isNaN(code) || code < 0x20) this.#refuse('in string literal');
      if (code !== 0x5c) continue;
      this.#at++;
      const escape = this.#text[this.#at];
      if (escape === undefined || !'bfnrt\\/"u'.includes(escape)) this.#refuse('in string escape code');
      if (escape !== 'u') continue;
      for (let digit = 0; digit < 4; digit++) {
        this.#at++;
        if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? ''))
          this.#refuse('in \\u hexadecimal character escape');
      }
    }
    this.#at++;
  }

  #digits(context: string): void {
    if (!isDigit(this.#text[this.#at])) this.#refuse(context);
    while (isDigit(this.#text[this.#at])) this.#at++;
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    const exponent = this.#text[this.#at];
    if (exponent !== 'e' && exponent !== 'E') return;
    this.#at++;
    if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++;
    this.#digits('in exponent of numeric literal');
  }
}

/** What Go's decoder says about a text that is no JSON; undefined when it is JSON. Slow: meant for texts that failed. */
export function jsonSyntaxError(text: string): string | undefined {
  try {
    new Scanner(text).run();
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

/** A text that is no JSON; the message is Go's. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

/**
 * Parses JSON as Go does: the same refusals in the same words.
 * @throws JsonSyntaxError
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new JsonSyntaxError(jsonSyntaxError(text) ?? 'unexpected end of JSON input', { cause });
  }
  return value;
}
