const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};
const space = '\\t\\n\\f\\r ';
const categories = /^(?:[LMNPSZC][a-z]?)$/;

function literal(char: string): string {
  return /[\p{L}\p{N}_]/u.test(char) ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

/** What a backslash and the text after it mean; `length` counts the text after the backslash. */
function escape(rest: string, inClass: boolean): { text: string; length: number } {
  const char = [...rest][0] ?? '';
  const unicode = /^([pP])(?:\{(\^?)(\w+)\}|(\w))/.exec(rest);
  if (unicode !== null) {
    const [all, letter = 'p', caret = '', long = '', short = ''] = unicode;
    const name = long === '' ? short : long;
    const negative = (letter === 'P') !== (caret === '^');
    return {
      text: `\\${negative ? 'P' : 'p'}{${categories.test(name) ? name : `Script=${name}`}}`,
      length: all.length,
    };
  }
  const hex = /^x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(rest);
  if (hex !== null) return { text: `\\u{${hex[1] ?? hex[2] ?? '0'}}`, length: hex[0].length };
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal !== null) return { text: `\\u{${parseInt(octal[0], 8).toString(16)}}`, length: octal[0].length };
  switch (char) {
    case 'A':
      return { text: '(?<![\\s\\S])', length: 1 };
    case 'z':
      return { text: '(?![\\s\\S])', length: 1 };
    case 'a':
      return { text: '\\x07', length: 1 };
    case 's':
      return { text: inClass ? space : `[${space}]`, length: 1 };
    case 'S':
      // Beneath a class a negated one cannot be spelled out; Unicode's spaces are near enough.
      return { text: inClass ? '\\S' : `[^${space}]`, length: 1 };
    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 'b':
    case 'B':
    case 'n':
    case 'r':
    case 't':
    case 'f':
    case 'v':
      return { text: `\\${char}`, length: 1 };
  }
  return { text: literal(char), length: char.length };
}

/** Rewrites a pattern in Go's dialect for the platform's engine, in its Unicode mode. Expects a pattern that Go accepts. */
export function toJavaScript(pattern: string): { source: string; flags: string } {
  let flags = 'u';
  let at = 0;
  let source = '';
  const leading = /^\(\?([imsU]+)\)/.exec(pattern);
  if (leading !== null) {
    flags += (leading[1] ?? '').replace('U', '');
    at = leading[0].length;
  }
  let inClass = false;
  while (at < pattern.length) {
    const rest = pattern.slice(at);
    const char = String.fromCodePoint(pattern.codePointAt(at)!);
    if (rest.startsWith('\\Q')) {
      const end = rest.indexOf('\\E');
      const quoted = rest.slice(2, end < 0 ? undefined : end);
      source += [...quoted].map(literal).join('');
      at += end < 0 ? rest.length : end + 2;
    } else if (char === '\\') {
      const { text, length } = escape(rest.slice(1), inClass);
      source += text;
      at += 1 + length;
    } else if (inClass) {
      const posix = /^\[:(\^?)(\w+):\]/.exec(rest);
      if (posix !== null) {
        if (posix[1] === '^') throw new SyntaxError('negated classes have no equivalent here');
        source += posixClasses[posix[2] ?? ''] ?? '';
        at += posix[0].length;
      } else {
        if (char === ']') inClass = false;
        source += char === '[' ? '\\[' : char;
        at += char.length;
      }
    } else if (char === '[') {
      inClass = true;
      const open = /^\[\^?\]?/.exec(rest)![0];
      source += open.endsWith(']') ? `${open.slice(0, -1)}\\]` : open;
      at += open.length;
    } else if (rest.startsWith('(?P<')) {
      source += '(?<';
      at += 4;
    } else if (char === '{' && !/^\{\d+(?:,\d*)?\}/.test(rest)) {
      source += '\\{';
      at += 1;
    } else if (char === '{') {
      const repeat = /^\{\d+(?:,\d*)?\}/.exec(rest)![0];
      source += repeat;
      at += repeat.length;
    } else {
      source += char === '}' || char === ']' ? `\\${char}` : char;
      at += char.length;
    }
  }
  return { source, flags };
}
