import { stringify } from 'yaml';

/** Text that needs no quotes: no indicator at its ends, nothing that reads as another type. */
const plain = /^[A-Za-z_/][\w./@-]*(?::[\w./@-]+)*$/;
const otherType = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;
/** Numbers, times and nothing. */
const looksTyped = /^$|^[-+.]?[\d.]|^[~=]$|^<<$/;
/** Needs escapes. */
const odd = /[^\x20-\x7e\n\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** A block keeps its text only without white space at the ends of lines. */
const noBlock = /^\s|[ \t]\n|[ \t]$/;

/** Text in double quotes, with nothing in it that some reader takes for a line break. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function oneLine(text: string): string {
  if (plain.test(text) && !otherType.test(text)) return text;
  if (odd.test(text) || otherType.test(text) || looksTyped.test(text)) return quoted(text);
  // Version 1.1 knows more words for true and false than 1.2, and readers of Kubernetes' YAML know those.
  return stringify(text, { version: '1.1', lineWidth: 0, singleQuote: true }).trimEnd();
}

function scalar(value: unknown, indent: string): string {
  if (typeof value !== 'string') return value === undefined ? 'null' : JSON.stringify(value);
  if (!value.includes('\n')) return oneLine(value);
  if (noBlock.test(value) || odd.test(value)) return quoted(value);
  const keep = value.endsWith('\n\n') ? '|+' : value.endsWith('\n') ? '|' : '|-';
  const lines = (value.endsWith('\n') ? value.slice(0, -1) : value).split('\n');
  return `${keep}\n${lines.map((line) => (line === '' ? '' : indent + line)).join('\n')}`;
}

function isCollection(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isEmpty(value: object): boolean {
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every((item) => item === undefined);
}

function write(value: object, indent: string, into: string[], first: string): void {
  let lead = first;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (isCollection(item) && !isEmpty(item)) write(item, `${indent}  `, into, `${lead}- `);
      else into.push(`${lead}- ${isCollection(item) ? emptyOf(item) : scalar(item, `${indent}  `)}`);
      lead = indent;
    }
    return;
  }
  const source = value as Record<string, unknown>;
  for (const key of Object.keys(source).sort()) {
    const item = source[key];
    if (item === undefined) continue;
    const name = `${lead}${key.includes('\n') ? quoted(key) : oneLine(key)}:`;
    if (!isCollection(item)) into.push(`${name} ${scalar(item, `${indent}  `)}`);
    else if (isEmpty(item)) into.push(`${name} ${emptyOf(item)}`);
    else {
      into.push(name);
      // Items of a list stand under their key, as Kubernetes writes them.
      const below = Array.isArray(item) ? indent : `${indent}  `;
      write(item, below, into, below);
    }
    lead = indent;
  }
}

function emptyOf(value: object): string {
  return Array.isArray(value) ? '[]' : '{}';
}

/** An object as Kubernetes' YAML: keys in order, lists not indented. */
export function toYaml(value: object): string {
  if (isEmpty(value)) return `${emptyOf(value)}\n`;
  const lines: string[] = [];
  write(value, '', lines, '');
  return `${lines.join('\n')}\n`;
}
