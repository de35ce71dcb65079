import { parseDuration, tryParseQuantity } from '@drydock/base/apimachinery';
import { UsageSyntaxError, parseExpression, type Curve } from './expression.ts';

const traceLine = /^\s*([^,\s]+)\s*,\s*([^,\s]+)\s*$/;

function seconds(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  try {
    return parseDuration(text) / 1000;
  } catch {
    return undefined;
  }
}

/** A CSV of time and value; the value holds until the next line's time. Undefined when the text is none. */
function parseTrace(text: string): Curve | undefined {
  const lines = text.split(/[\n;]/).filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const points: { readonly at: number; readonly value: number }[] = [];
  for (const [index, line] of lines.entries()) {
    const match = traceLine.exec(line);
    if (match === null) return undefined;
    const at = seconds(match[1] ?? '');
    const value = tryParseQuantity(match[2] ?? '')?.toNumber();
    if (at === undefined || value === undefined) {
      // A head line names the columns.
      if (index === 0 && lines.length > 1) continue;
      return undefined;
    }
    points.push({ at, value });
  }
  if (points.length === 0) return undefined;
  points.sort((a, b) => a.at - b.at);
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
