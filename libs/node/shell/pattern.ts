const special = /[.+^${}()|\\]/;

/** The source of a regular expression for a shell pattern. Characters that were quoted are marked by a backslash. */
function source(pattern: string, greedy: boolean): string {
  let out = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '\\' && at + 1 < pattern.length) out += pattern[++at]!.replace(/[^\w\s]/, '\\$&');
    else if (character === '*') {
      if (!out.endsWith('[^]*') && !out.endsWith('[^]*?')) out += greedy ? '[^]*' : '[^]*?';
    } else if (character === '?') out += '[^]';
    else if (character === '[') {
      const end = pattern.indexOf(']', pattern[at + 1] === '!' || pattern[at + 1] === '^' ? at + 3 : at + 2);
      if (end < 0) {
        out += '\\[';
        continue;
      }
      const inner = pattern
        .slice(at + 1, end)
        .replace(/^!/, '^')
        .replace(/\\/g, '\\\\')
        .replace(/\[:(alpha|digit|alnum|upper|lower|space):\]/g, (_all, name: string) => classes[name] ?? '')
        .replace(/\[/g, '\\[');
      out += `[${inner}]`;
      at = end;
    } else out += special.test(character) ? `\\${character}` : character;
  }
  return out;
}

const classes: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\r',
};

const never = /(?!)/;

function compile(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return never;
  }
}

/** Matches a whole text. */
export function matchesPattern(text: string, pattern: string): boolean {
  return compile(`^${source(pattern, true)}$`).test(text);
}

export function hasPattern(text: string): boolean {
  return /(^|[^\\])[*?[]/.test(text);
}

export function quotePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

export function unquotePattern(text: string): string {
  return text.replace(/\\([^])/g, '$1');
}

/** Cuts the shortest or longest match off the front or the back. */
export function trimPattern(text: string, pattern: string, side: 'front' | 'back', longest: boolean): string {
  const lengths = Array.from({ length: text.length + 1 }, (_, length) => length);
  if (longest) lengths.reverse();
  const whole = compile(`^${source(pattern, true)}$`);
  for (const length of lengths) {
    const part = side === 'front' ? text.slice(0, length) : text.slice(text.length - length);
    if (whole.test(part)) return side === 'front' ? text.slice(length) : text.slice(0, text.length - length);
  }
  return text;
}

export function replacePattern(text: string, pattern: string, replacement: string, all: boolean): string {
  if (pattern === '') return text;
  const expression = compile(source(pattern, true));
  return text.replace(all ? new RegExp(expression, 'g') : expression, () => replacement);
}
