import { usageCurve, type Curve } from '../usage/index.ts';
import { QuerySyntaxError, parseQuery, type Query } from './query.ts';

/** One line of a declaration: a series by its usage, or a rule by its query. */
export type Declaration =
  | {
      readonly metric: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly curve: Curve;
    }
  | { readonly metric: string; readonly query: Query };

const name = String.raw`[a-zA-Z_][\w:.-]*`;
const rule = new RegExp(String.raw`^(${name})\s*=\s*(?![=~])(.+)$`);
const series = new RegExp(String.raw`^(${name})(?:\{(.*?)\})?\s+(.+)$`);
const label = /^\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/;

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (let rest = text.trim(); rest !== '';) {
    const match = label.exec(rest);
    if (match === null) return undefined;
    labels[match[1] ?? ''] = (match[2] ?? '').replace(/\\(.)/g, '$1');
    rest = rest.slice(match[0].length).trim();
  }
  return labels;
}

function declaration(line: string): Declaration | undefined {
  const ruled = rule.exec(line);
  if (ruled !== null) {
    try {
      return { metric: ruled[1] ?? '', query: parseQuery(ruled[2] ?? '') };
    } catch (error) {
      if (error instanceof QuerySyntaxError) return undefined;
      throw error;
    }
  }
  const match = series.exec(line);
  const labels = match && labelsOf(match[2] ?? '');
  const curve = match && usageCurve(match[3] ?? '');
  return match && labels && curve ? { metric: match[1] ?? '', labels, curve } : undefined;
}

/**
 * Reads declarations, one a line: `queue_length{queue="a"} 0,5; 60,50` (a usage: constant, expression of `t`, trace), or
 * `backlog = sum(queue_length) / 4` (a query). Blank lines and comments (`#`) are left out, and lines that are neither.
 */
export function parseDeclarations(text: string): readonly Declaration[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(declaration)
    .filter((one) => one !== undefined);
}
