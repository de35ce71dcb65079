import { FileError, splitPath, type FileSystem } from '../files/index.ts';
import { evaluate, type Variables } from './arithmetic.ts';
import { ProgramError } from './process.ts';
import {
  hasPattern,
  matchesPattern,
  quotePattern,
  replacePattern,
  trimPattern,
  unquotePattern,
} from './pattern.ts';
import type { Script, Word, WordPart } from './syntax.ts';

export interface ExpansionContext extends Variables {
  readonly fs: FileSystem;
  cwd(): string;
  /** `$1` … */
  positional(): readonly string[];
  /** `$?`, `$$`, `$!`, `$0`, `$-` */
  special(name: string): string;
  /** Standard output of a script, without the newlines at its end. */
  output(script: Script): Promise<string>;
  /** `set -u` */
  strict(): boolean;
  glob(): boolean;
}

/** A field being built: text in which what was quoted is protected from globbing by backslashes. */
interface Field {
  text: string;
  /** Something quoted is in it: it stays even when it is empty. */
  quoted: boolean;
}

/** Expands words into fields: parameters, commands, splitting, file names. */
export async function expandWords(words: readonly Word[], context: ExpansionContext): Promise<string[]> {
  const results: string[] = [];
  for (const word of words) {
    for (const field of await fieldsOf(word, context)) {
      const names = context.glob() && hasPattern(field.text) ? glob(field.text, context) : [];
      if (names.length > 0) results.push(...names);
      else results.push(unquotePattern(field.text));
    }
  }
  return results;
}

/** Expands a word to one string: no splitting, no file names. */
export async function expandText(word: Word, context: ExpansionContext): Promise<string> {
  return unquotePattern(await expandPattern(word, context));
}

/** As `expandText`, with what was quoted protected by backslashes: for patterns of `case` and `${x%…}`. */
export async function expandPattern(word: Word, context: ExpansionContext): Promise<string> {
  let text = '';
  for (const part of withTilde(word, context)) {
    const values = await valuesOf(part, context);
    const joined = values.list.join(' ');
    text += part.quoted ? quotePattern(joined) : protectBackslash(joined);
  }
  return text;
}

/** Backslashes that are left in unquoted text are plain characters. */
function protectBackslash(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

function withTilde(word: Word, context: ExpansionContext): readonly WordPart[] {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.quoted || !/^~(\/|$)/.test(first.text)) return word;
  const home = context.get('HOME') ?? '/';
  return [
    { kind: 'text', text: home, quoted: true },
    { kind: 'text', text: first.text.slice(1), quoted: false },
    ...rest,
  ];
}

async function fieldsOf(word: Word, context: ExpansionContext): Promise<Field[]> {
  const fields: Field[] = [];
  let current: Field | undefined;
  const separators = context.get('IFS') ?? ' \t\n';
  const add = (text: string, quoted: boolean) => {
    current ??= { text: '', quoted: false };
    current.text += text;
    current.quoted ||= quoted;
  };
  const close = () => {
    if (current !== undefined) fields.push(current);
    current = undefined;
  };
  for (const part of withTilde(word, context)) {
    if (part.kind === 'text') {
      add(part.quoted ? quotePattern(part.text) : protectBackslash(part.text), part.quoted);
      continue;
    }
    const { list, separate } = await valuesOf(part, context);
    if (part.quoted) {
      if (!separate) add(quotePattern(list.join(' ')), true);
      else {
        list.forEach((value, index) => {
          if (index > 0) close();
          add(quotePattern(value), true);
        });
      }
      continue;
    }
    list.forEach((value, index) => {
      if (index > 0) close();
      let piece = '';
      for (const character of value) {
        if (separators.includes(character)) {
          if (piece !== '') add(protectBackslash(piece), false);
          else if (!/\s/.test(character) && current === undefined) add('', true);
          piece = '';
          close();
        } else piece += character;
      }
      if (piece !== '') add(protectBackslash(piece), false);
    });
  }
  close();
  return fields.filter(({ text, quoted }) => text !== '' || quoted);
}

interface Values {
  readonly list: readonly string[];
  /** `$@`: its values stay apart even in quotes. */
  readonly separate: boolean;
}

const one = (text: string): Values => ({ list: [text], separate: false });

async function valuesOf(part: WordPart, context: ExpansionContext): Promise<Values> {
  switch (part.kind) {
    case 'text':
      return one(part.text);
    case 'command':
      return one(await context.output(part.script));
    case 'arithmetic':
      return one(String(evaluate(await expandText(part.expression, context), context)));
    case 'parameter':
      return parameter(part, context);
  }
}

function plainValue(name: string, context: ExpansionContext): Values | undefined {
  if (name === '@' || name === '*') return { list: context.positional(), separate: name === '@' };
  if (name === '#') return one(String(context.positional().length));
  if (/^[1-9]\d*$/.test(name)) {
    const value = context.positional()[Number(name) - 1];
    return value === undefined ? undefined : one(value);
  }
  if (/^[?$!0-]$/.test(name)) return one(context.special(name));
  const value = context.get(name);
  return value === undefined ? undefined : one(value);
}

async function parameter(
  part: Extract<WordPart, { kind: 'parameter' }>,
  context: ExpansionContext,
): Promise<Values> {
  const { name, operator, argument } = part;
  const values = plainValue(name, context);
  if (values === undefined && context.strict() && !/^:?[-=?+]$/.test(operator))
    throw new ProgramError(`${name}: parameter not set`, 2);
  const text = values?.list.join(' ') ?? '';
  if (part.length) return one(String(text.length));
  const absent = values === undefined || (name === '@' || name === '*' ? values.list.length === 0 : false);
  const missing = operator.startsWith(':') ? absent || text === '' : absent;
  switch (operator) {
    case '':
      return values ?? { list: [], separate: false };
    case ':-':
    case '-':
      return missing ? one(await expandText(argument, context)) : values!;
    case ':=':
    case '=': {
      if (!missing) return values!;
      const value = await expandText(argument, context);
      context.set(name, value);
      return one(value);
    }
    case ':?':
    case '?':
      if (!missing) return values!;
      throw new ProgramError(
        `${name}: ${(await expandText(argument, context)) || 'parameter null or not set'}`,
        2,
      );
    case ':+':
    case '+':
      return missing ? { list: [], separate: false } : one(await expandText(argument, context));
    case '#':
    case '##':
      return one(trimPattern(text, await expandPattern(argument, context), 'front', operator === '##'));
    case '%':
    case '%%':
      return one(trimPattern(text, await expandPattern(argument, context), 'back', operator === '%%'));
    case '/':
    case '//': {
      const replacement = part.second === undefined ? '' : await expandText(part.second, context);
      return one(
        replacePattern(text, await expandPattern(argument, context), replacement, operator === '//'),
      );
    }
    case ':': {
      const from = evaluate(await expandText(argument, context), context);
      const start = from < 0 ? Math.max(0, text.length + from) : from;
      if (part.second === undefined) return one(text.slice(start));
      const length = evaluate(await expandText(part.second, context), context);
      return one(length < 0 ? text.slice(start, text.length + length) : text.slice(start, start + length));
    }
    default:
      throw new ProgramError('bad substitution', 2);
  }
}

/** File names that match a pattern, in order; none when nothing matches. */
function glob(pattern: string, context: ExpansionContext): string[] {
  const rooted = pattern.startsWith('/');
  let found: string[] = [rooted ? '/' : ''];
  for (const part of splitPath(pattern)) {
    const next: string[] = [];
    for (const base of found) {
      const join = (name: string) =>
        base === '' || base.endsWith('/') ? `${base}${name}` : `${base}/${name}`;
      if (!hasPattern(part)) {
        const path = join(unquotePattern(part));
        if (context.fs.exists(path.startsWith('/') ? path : `${context.cwd()}/${path}`)) next.push(path);
        continue;
      }
      try {
        const node = context.fs.stat(base.startsWith('/') ? base : `${context.cwd()}/${base}`);
        if (node.kind !== 'directory') continue;
        for (const name of [...node.entries.keys()].sort()) {
          if (name.startsWith('.') && !part.startsWith('.')) continue;
          if (matchesPattern(name, part)) next.push(join(name));
        }
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
    }
    found = next;
  }
  return found.filter((path) => path !== '');
}
