import { goQuote } from '@drydock/base/apimachinery';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, YAMLError } from 'yaml';

/** A text that is no YAML; the message is near Go's. */
export class YamlSyntaxError extends Error {
  override readonly name = 'YamlSyntaxError';
}

const words: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_INDENT: 'did not find expected key',
  MISSING_CHAR: "did not find expected ',' or '}'",
  UNEXPECTED_TOKEN: 'did not find expected node content',
  BAD_ALIAS: 'unknown anchor',
};

const tooDeep = 'yaml: exceeded max depth of 10000';
const maxDepth = 10_000;
/** So many dashes before anything else on a line that each is a level of its own. */
const manyDashes = new RegExp(`^(?:[-?:] +){${maxDepth}}`, 'm');

/** Does the text open more brackets than any parser follows? That is found out in no time, and by the parser in seconds. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if ((code === 0x5d || code === 0x7d) && depth > 0) depth--;
  }
  return manyDashes.test(text);
}

function syntaxError(error: YAMLError): YamlSyntaxError {
  if (error.message.includes('call stack')) return new YamlSyntaxError(tooDeep, { cause: error });
  const line = error.linePos?.[0].line;
  const text = words[error.code] ?? error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
  return new YamlSyntaxError(`yaml: ${line === undefined ? '' : `line ${line}: `}${text}`, { cause: error });
}

function printKey(node: unknown): string {
  const value = isScalar(node) ? node.value : node;
  return typeof value === 'string' ? goQuote(value) : String(value);
}

/** Keys that a map names again, innermost first, as Go's strict decoder comes upon them. */
function repeatedKeys(root: Node | null, lines: LineCounter): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (isSeq(node)) for (const item of node.items) visit(item);
    if (!isMap(node)) return;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items) {
      visit(value);
      const name = isScalar(key) ? key.value : key;
      if (seen.has(name)) {
        const at = (value as Node | null)?.range?.[0] ?? (key as Node | null)?.range?.[0] ?? 0;
        found.push(`line ${lines.linePos(at).line}: key ${printKey(key)} already set in map`);
      }
      seen.add(name);
    }
  };
  visit(root);
  return found;
}

export interface YamlText {
  /** As JSON would be parsed. */
  readonly value: unknown;
  /** What a strict decoder says, in one text of several lines; undefined when nothing. */
  readonly problem: string | undefined;
}

/**
 * The first document of a YAML text. A key that is named twice has its last value.
 * @throws YamlSyntaxError
 */
export function decodeYaml(text: string): YamlText {
  if (nestsTooDeep(text)) throw new YamlSyntaxError(tooDeep);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    uniqueKeys: false,
    merge: true,
    lineCounter: lines,
    logLevel: 'silent',
    prettyErrors: true,
  });
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (error !== undefined) throw syntaxError(error);
  let value: unknown;
  try {
    value = isAlias(document.contents) ? null : document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new YamlSyntaxError('yaml: document contains excessive aliasing', { cause });
  }
  const repeated = repeatedKeys(document.contents, lines);
  return {
    value: value === undefined ? null : value,
    problem:
      repeated.length === 0
        ? undefined
        : `yaml: unmarshal errors:\n${repeated.map((one) => `  ${one}`).join('\n')}`,
  };
}
