import { parseDuration, parseTime, tryParseQuantity } from '@drydock/base/apimachinery';
import { UsageSyntaxError, parseExpression, type Curve } from './expression.ts';

const field = String.raw`\s*("[^"]*"|[^",]*?)\s*`;
const traceLine = new RegExp(`^${field},${field}$`);
const clockTime = /^\d{4}-\d\d-\d\d[T ]/;

/** A time in seconds, a duration, or a moment: that one counts from the trace's first. */
function seconds(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  try {
    return clockTime.test(text) ? parseTime(text.replace(' ', 'T')) / 1000 : parseDuration(text) / 1000;
  } catch {
    return undefined;
  }
}

const unquoted = (text = '') => text.replace(/^"\s*(.*?)\s*"$/, '$1');

/** A CSV of time and value; the value holds until the next line's time. Undefined when the text is none. */
function parseTrace(text: string): Curve | undefined {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/[\n;]/)
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const read: { readonly at: number; readonly value: number }[] = [];
  let moments = 0;
  for (const [index, line] of lines.entries()) {
    const match = traceLine.exec(line);
    if (match === null) return undefined;
    const time = unquoted(match[1]);
    const at = seconds(time);
    const value = tryParseQuantity(unquoted(match[2]))?.toNumber();
    if (at === undefined || value === undefined) {
      // A head line names the columns.
      if (index === 0 && lines.length > 1) continue;
      return undefined;
    }
    if (clockTime.test(time)) moments++;
    read.push({ at, value });
  }
  // All of them are moments, or none is.
  if (read.length === 0 || (moments > 0 && moments < read.length)) return undefined;
  read.sort((a, b) => a.at - b.at);
  const beginning = moments > 0 ? (read[0]?.at ?? 0) : 0;
  const points = read.map(({ at, value }) => ({ at: at - beginning, value }));
  return (t) => {
    let value = points[0]?.value ?? 0;
    for (const point of points) {
      if (point.at > t) break;
      value = point.value;
    }
    return value;
  };
}

/**
 * Reads a usage: a quantity (`250m`), an expression of `t` in seconds (`200m + 100m*sin(t/60)`), or a trace
 * (`0,100m` lines, or parts separated by `;`). Never below zero.
 * @throws UsageSyntaxError
 */
export function parseUsage(text: string): Curve {
  const constant = tryParseQuantity(text.trim())?.toNumber();
  const curve = constant === undefined ? (parseTrace(text) ?? parseExpression(text)) : () => constant;
  return (t) => {
    const value = curve(t);
    return value > 0 && Number.isFinite(value) ? value : 0;
  };
}

const known = new Map<string, Curve | undefined>();
const maxKnown = 10_000;

/** As `parseUsage`, but undefined for what is none: an annotation must not stop a node. Keeps what it has read. */
export function usageCurve(text: string): Curve | undefined {
  if (known.has(text)) return known.get(text);
  let curve: Curve | undefined;
  try {
    curve = parseUsage(text);
  } catch (error) {
    if (!(error instanceof UsageSyntaxError)) throw error;
  }
  if (known.size >= maxKnown) known.clear();
  known.set(text, curve);
  return curve;
}
