import { IncompleteInputError, ShellSyntaxError, type Script, type Word, type WordPart } from './syntax.ts';

/** Reads characters; the parser and the word reader share one. */
export interface Reader {
  readonly text: string;
  at: number;
  /** Reads a script up to an unmatched `)`. */
  scriptToParenthesis(): Script;
  parse(text: string): Script;
}

const nameStart = /[A-Za-z_]/;
const nameCharacter = /[A-Za-z0-9_]/;
const specialParameter = /[@*#?$!0-9-]/;
const endOfWord = new Set([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')']);

function unfinished(what: string): never {
  throw new IncompleteInputError(`syntax error: unterminated ${what}`);
}

function readName(reader: Reader): string {
  let end = reader.at;
  while (end < reader.text.length && nameCharacter.test(reader.text[end]!)) end++;
  const name = reader.text.slice(reader.at, end);
  reader.at = end;
  return name;
}

function braceParameter(reader: Reader, quoted: boolean): WordPart {
  const { text } = reader;
  let length = false;
  if (text[reader.at] === '#' && text[reader.at + 1] !== '}' && text[reader.at + 1] !== undefined) {
    length = true;
    reader.at++;
  }
  let name = '';
  const first = text[reader.at];
  if (first === undefined) unfinished('expansion');
  if (nameStart.test(first)) name = readName(reader);
  else if (/[0-9]/.test(first)) {
    name = /^\d+/.exec(text.slice(reader.at))![0];
    reader.at += name.length;
  } else if (specialParameter.test(first)) {
    name = first;
    reader.at++;
  } else throw new ShellSyntaxError('syntax error: bad substitution');
  const operator = /^(?::[-=?+]|[-=?+]|##?|%%?|\/\/?|:)/.exec(text.slice(reader.at))?.[0] ?? '';
  reader.at += operator.length;
  let argument: Word = [];
  let second: Word | undefined;
  if (operator !== '') {
    const stops = operator.startsWith('/') ? '/}' : operator === ':' ? ':}' : '}';
    argument = readParts(reader, (character) => stops.includes(character), quoted);
    if (stops.length === 2 && text[reader.at] === stops[0]) {
      reader.at++;
      second = readParts(reader, (character) => character === '}', quoted);
    }
  }
  if (reader.at >= text.length) unfinished('expansion');
  if (text[reader.at] !== '}') throw new ShellSyntaxError('syntax error: bad substitution');
  reader.at++;
  const part = { kind: 'parameter' as const, name, operator, argument, length, quoted };
  return second === undefined ? part : { ...part, second };
}

function arithmetic(reader: Reader, quoted: boolean): WordPart {
  let depth = 0;
  const expression = readParts(
    reader,
    (character) => {
      if (character === '(') depth++;
      if (character !== ')') return false;
      if (depth > 0) {
        depth--;
        return false;
      }
      return true;
    },
    true,
  );
  if (reader.at >= reader.text.length) unfinished('arithmetic');
  if (reader.text[reader.at + 1] !== ')') throw new ShellSyntaxError("syntax error: missing '))'");
  reader.at += 2;
  return { kind: 'arithmetic', expression, quoted };
}

function backquoted(reader: Reader, quoted: boolean): WordPart {
  let inner = '';
  for (;;) {
    const character = reader.text[reader.at++];
    if (character === undefined) unfinished('backquote');
    if (character === '`') break;
    if (character === '\\' && '`\\$'.includes(reader.text[reader.at] ?? ' '))
      inner += reader.text[reader.at++]!;
    else inner += character;
  }
  return { kind: 'command', script: reader.parse(inner), quoted };
}

/** At `$`: what it stands for, or the character itself. */
function dollar(reader: Reader, quoted: boolean): WordPart {
  const { text } = reader;
  const next = text[reader.at + 1];
  if (next === '{') {
    reader.at += 2;
    return braceParameter(reader, quoted);
  }
  if (next === '(') {
    if (text[reader.at + 2] === '(') {
      const start = reader.at;
      reader.at += 3;
      try {
        return arithmetic(reader, quoted);
      } catch (error) {
        // `$((a) | b)` is a command substitution after all.
        if (error instanceof IncompleteInputError) throw error;
        reader.at = start;
      }
    }
    reader.at += 2;
    const script = reader.scriptToParenthesis();
    return { kind: 'command', script, quoted };
  }
  const simple = { kind: 'parameter' as const, operator: '', argument: [], length: false, quoted };
  if (next !== undefined && nameStart.test(next)) {
    reader.at++;
    return { ...simple, name: readName(reader) };
  }
  if (next !== undefined && specialParameter.test(next)) {
    reader.at += 2;
    return { ...simple, name: next };
  }
  reader.at++;
  return { kind: 'text', text: '$', quoted };
}

function doubleQuoted(reader: Reader): WordPart[] {
  const parts: WordPart[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') parts.push({ kind: 'text', text, quoted: true });
    text = '';
  };
  for (;;) {
    const character = reader.text[reader.at];
    if (character === undefined) unfinished('quoted string');
    if (character === '"') {
      reader.at++;
      flush();
      if (parts.length === 0) parts.push({ kind: 'text', text: '', quoted: true });
      return parts;
    }
    if (character === '\\') {
      const next = reader.text[reader.at + 1];
      if (next === undefined) unfinished('quoted string');
      if (next !== '\n') text += '$`"\\'.includes(next) ? next : `\\${next}`;
      reader.at += 2;
    } else if (character === '$') {
      flush();
      parts.push(dollar(reader, true));
    } else if (character === '`') {
      flush();
      reader.at++;
      parts.push(backquoted(reader, true));
    } else {
      text += character;
      reader.at++;
    }
  }
}

/** `$'…'` of bash. */
function ansiQuoted(reader: Reader): string {
  const escapes: Readonly<Record<string, string>> = {
    n: '\n',
    t: '\t',
    r: '\r',
    a: '\x07',
    b: '\b',
    e: '\x1b',
    f: '\f',
    v: '\v',
    '0': '\0',
  };
  let text = '';
  for (;;) {
    const character = reader.text[reader.at++];
    if (character === undefined) unfinished('quoted string');
    if (character === "'") return text;
    if (character === '\\') {
      const next = reader.text[reader.at++] ?? unfinished('quoted string');
      text += escapes[next] ?? next;
    } else text += character;
  }
}

/** Parts of a word up to an unquoted character that `ends` it. In `literal` text (arithmetic) quotes mean nothing. */
export function readParts(reader: Reader, ends: (character: string) => boolean, literal = false): Word {
  const parts: WordPart[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') parts.push({ kind: 'text', text, quoted: literal });
    text = '';
  };
  while (reader.at < reader.text.length) {
    const character = reader.text[reader.at]!;
    if (ends(character)) break;
    if (character === '\\') {
      const next = reader.text[reader.at + 1];
      if (next === undefined) unfinished('escape');
      reader.at += 2;
      if (next === '\n') continue;
      flush();
      parts.push({ kind: 'text', text: next, quoted: true });
    } else if (character === "'" && !literal) {
      flush();
      const end = reader.text.indexOf("'", reader.at + 1);
      if (end < 0) unfinished('quoted string');
      parts.push({ kind: 'text', text: reader.text.slice(reader.at + 1, end), quoted: true });
      reader.at = end + 1;
    } else if (character === '"') {
      flush();
      reader.at++;
      parts.push(...doubleQuoted(reader));
    } else if (character === '$' && reader.text[reader.at + 1] === "'" && !literal) {
      flush();
      reader.at += 2;
      parts.push({ kind: 'text', text: ansiQuoted(reader), quoted: true });
    } else if (character === '$') {
      flush();
      parts.push(dollar(reader, literal));
    } else if (character === '`') {
      flush();
      reader.at++;
      parts.push(backquoted(reader, literal));
    } else {
      text += character;
      reader.at++;
    }
  }
  flush();
  return parts;
}

export function readWord(reader: Reader): Word {
  return readParts(reader, (character) => endOfWord.has(character));
}

/** A here-document's text: as in double quotes, but quotes are plain. */
export function hereDocument(
  text: string,
  parse: (text: string) => Script,
  script: (reader: Reader) => Script,
): Word {
  const reader: Reader = { text, at: 0, parse, scriptToParenthesis: () => script(reader) };
  const parts: WordPart[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') parts.push({ kind: 'text', text: plain, quoted: true });
    plain = '';
  };
  while (reader.at < text.length) {
    const character = text[reader.at]!;
    if (character === '\\' && '$`\\\n'.includes(text[reader.at + 1] ?? ' ')) {
      if (text[reader.at + 1] !== '\n') plain += text[reader.at + 1]!;
      reader.at += 2;
    } else if (character === '$') {
      flush();
      parts.push(dollar(reader, true));
    } else if (character === '`') {
      flush();
      reader.at++;
      parts.push(backquoted(reader, true));
    } else {
      plain += character;
      reader.at++;
    }
  }
  flush();
  return parts;
}
