import { library, type Library } from '../library.ts';
import { CelError, type Value } from '../values.ts';
import { formatText } from './format-text.ts';

/** Positions are those of code points. */
function points(text: string): string[] {
  return [...text];
}

function checked(index: bigint, length: number): number {
  if (index < 0n || index > BigInt(length)) throw new CelError(`index out of range: ${index}`);
  return Number(index);
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const [all, wanted] = [points(text), points(part)];
  const start = checked(from, all.length);
  for (let at = start; at + wanted.length <= all.length; at++)
    if (wanted.every((char, offset) => all[at + offset] === char)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const [all, wanted] = [points(text), points(part)];
  const last = from === undefined ? all.length : checked(from, all.length);
  for (let at = Math.min(last, all.length - wanted.length); at >= 0; at--)
    if (wanted.every((char, offset) => all[at + offset] === char)) return BigInt(at);
  return -1n;
}

function substring(text: string, start: bigint, end?: bigint): string {
  const all = points(text);
  const from = checked(start, all.length);
  const to = end === undefined ? all.length : checked(end, all.length);
  if (from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  return all.slice(from, to).join('');
}

function replace(text: string, old: string, by: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(old, () => by);
  let count = 0n;
  return text.replaceAll(old, (match) => (count++ < limit ? by : match));
}

function split(text: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const parts = separator === '' ? points(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = parts.slice(0, Number(limit) - 1);
  return [...kept, parts.slice(Number(limit) - 1).join(separator)];
}

function join(list: readonly Value[], separator = ''): string {
  return list
    .map((item) => {
      if (typeof item === 'string') return item;
      throw new CelError('no such overload: join');
    })
    .join(separator);
}

function quote(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
  };
  return `"${points(text)
    .map((char) => escapes[char] ?? char)
    .join('')}"`;
}

const ascii = (text: string, pattern: RegExp, change: (char: string) => string): string =>
  text.replaceAll(pattern, change);

/** The string extensions. */
export const stringsLibrary: Library = library([
  [
    'charAt',
    'string.(int) string',
    (text: string, index: bigint) => points(text)[checked(index, points(text).length)] ?? '',
  ],
  ['indexOf', 'string.(string) int', (text: string, part: string) => indexOf(text, part, 0n)],
  ['indexOf', 'string.(string, int) int', indexOf],
  ['lastIndexOf', 'string.(string) int', (text: string, part: string) => lastIndexOf(text, part)],
  ['lastIndexOf', 'string.(string, int) int', lastIndexOf],
  ['lowerAscii', 'string.() string', (text: string) => ascii(text, /[A-Z]/g, (char) => char.toLowerCase())],
  ['upperAscii', 'string.() string', (text: string) => ascii(text, /[a-z]/g, (char) => char.toUpperCase())],
  [
    'replace',
    'string.(string, string) string',
    (text: string, a: string, b: string) => replace(text, a, b, -1n),
  ],
  ['replace', 'string.(string, string, int) string', replace],
  ['split', 'string.(string) list(string)', (text: string, by: string) => split(text, by, -1n)],
  ['split', 'string.(string, int) list(string)', split],
  ['substring', 'string.(int) string', (text: string, start: bigint) => substring(text, start)],
  ['substring', 'string.(int, int) string', substring],
  ['trim', 'string.() string', (text: string) => text.trim()],
  ['join', 'list(string).() string', (list: readonly Value[]) => join(list)],
  ['join', 'list(string).(string) string', join],
  ['format', 'string.(list(dyn)) string', formatText],
  ['strings.quote', '(string) string', quote],
  ['reverse', 'string.() string', (text: string) => points(text).reverse().join('')],
]);
