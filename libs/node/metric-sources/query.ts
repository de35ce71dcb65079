/** One time series, as far as queries see it. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Its value at a moment. */
  readonly at: (atMs: number) => number;
}

export interface Point {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a query is asked of. */
export interface QueryContext {
  readonly nowMs: number;
  series(metric: string): Iterable<Series>;
}

/** Gives a number, or one value of each series. */
export type Query = (context: QueryContext) => number | readonly Point[];

export class QuerySyntaxError extends Error {
  override readonly name = 'QuerySyntaxError';
}

type Range = (context: QueryContext, atMs: number) => readonly Point[];

const token =
  /\s*(?:((?:\d+(?:ms|[smhdwy]))+(?![\w.])|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:ms|[smhdwy])?)|([a-zA-Z_:][\w:]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(=~|!~|!=|==|>=|<=|[-+*/%(){}[\],=<>]))/y;
const aggregations: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  avg: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  count: (values) => values.length,
};
const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
/** Values of a range that its functions look at. */
const steps = 32;

/** Functions of a range: of its values from first to last, and its length in seconds. */
const rangeFunctions: Readonly<Record<string, (values: readonly number[], seconds: number) => number>> = {
  rate: (values, seconds) => increase(values) / seconds,
  increase: (values) => increase(values),
  delta: (values) => (values.at(-1) ?? 0) - (values[0] ?? 0),
  avg_over_time: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  sum_over_time: (values) => values.reduce((sum, value) => sum + value, 0),
  min_over_time: (values) => Math.min(...values),
  max_over_time: (values) => Math.max(...values),
};
const plainFunctions: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  sqrt: Math.sqrt,
};

/** A counter that falls began anew. */
function increase(values: readonly number[]): number {
  let sum = 0;
  for (let index = 1; index < values.length; index++) {
    const [before = 0, value = 0] = [values[index - 1], values[index]];
    sum += value >= before ? value - before : value;
  }
  return sum;
}

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};
const keyOf = (labels: Readonly<Record<string, string>>) =>
  Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join();

function combine(left: Query, right: Query, operator: (a: number, b: number) => number): Query {
  return (context) => {
    const [a, b] = [left(context), right(context)];
    if (typeof a === 'number') {
      if (typeof b === 'number') return operator(a, b);
      return b.map(({ labels, value }) => ({ labels, value: operator(a, value) }));
    }
    if (typeof b === 'number') return a.map(({ labels, value }) => ({ labels, value: operator(value, b) }));
    const others = new Map(b.map((point) => [keyOf(point.labels), point.value]));
    return a.flatMap(({ labels, value }) => {
      const other = others.get(keyOf(labels));
      return other === undefined ? [] : [{ labels, value: operator(value, other) }];
    });
  };
}

/** Keeps what compares so; of two numbers, whether they do. */
function filtered(left: Query, right: Query, holds: (a: number, b: number) => boolean): Query {
  return (context) => {
    const [a, b] = [left(context), right(context)];
    if (typeof a === 'number')
      return typeof b === 'number' ? Number(holds(a, b)) : b.filter(({ value }) => holds(a, value));
    if (typeof b === 'number') return a.filter(({ value }) => holds(value, b));
    const others = new Map(b.map((point) => [keyOf(point.labels), point.value]));
    return a.filter(({ labels, value }) => {
      const other = others.get(keyOf(labels));
      return other !== undefined && holds(value, other);
    });
  };
}

const setOperators: readonly string[] = ['or', 'and', 'unless'];

function combinedSets(left: Query, right: Query, operator: string): Query {
  return (context) => {
    const [a, b] = [left(context), right(context)];
    if (typeof a === 'number' || typeof b === 'number')
      throw new QuerySyntaxError(`${operator} needs series on both sides`);
    const keys = (points: readonly Point[]) => new Set(points.map(({ labels }) => keyOf(labels)));
    if (operator === 'or') {
      const own = keys(a);
      return [...a, ...b.filter(({ labels }) => !own.has(keyOf(labels)))];
    }
    const others = keys(b);
    return a.filter(({ labels }) => others.has(keyOf(labels)) === (operator === 'and'));
  };
}

/** `5m`, `1h30m`, in milliseconds. */
function rangeLengthMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|[smhdwy]))+$/.test(text))
    throw new QuerySyntaxError('expected a range such as [5m]');
  let sum = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g))
    sum += Number(amount) * (units[unit] ?? 0);
  if (!(sum > 0)) throw new QuerySyntaxError('the range is empty');
  return sum;
}

/**
 * Compiles a query in the manner of Prometheus: selectors (`name{a="x",b=~"y.*"}`), `sum`, `avg`, `min`, `max`, `count` with
 * `by (…)` or `without (…)`, `rate`, `increase`, `delta` and `…_over_time` of a range (`[5m]`), `vector`, `clamp_min`, `clamp_max`,
 * arithmetic, comparisons (which filter), `or`, `and`, `unless`. @throws QuerySyntaxError
 */
export function parseQuery(text: string): Query {
  if (text.length > 2000) throw new QuerySyntaxError('the query is too long');
  const tokens: string[] = [];
  const whole = text.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < whole.length) {
    const at = token.lastIndex;
    const match = token.exec(whole);
    if (match === null) throw new QuerySyntaxError(`unexpected ${JSON.stringify(whole.slice(at, at + 10))}`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  let next = 0;
  let depth = 0;
  const take = (wanted: string) => {
    if (tokens[next] !== wanted)
      throw new QuerySyntaxError(`expected ${wanted}, found ${tokens[next] ?? 'the end'}`);
    next++;
  };
  const names = (): string[] => {
    take('(');
    const found: string[] = [];
    while (tokens[next] !== ')') {
      const name = tokens[next++];
      if (name === undefined || !/^[a-zA-Z_]\w*$/.test(name)) throw new QuerySyntaxError('expected a label');
      found.push(name);
      if (tokens[next] === ',') next++;
    }
    take(')');
    return found;
  };

  function matchers(): (labels: Readonly<Record<string, string>>) => boolean {
    if (tokens[next] !== '{') return () => true;
    next++;
    const tests: ((labels: Readonly<Record<string, string>>) => boolean)[] = [];
    while (tokens[next] !== '}') {
      const [label, operator, quoted] = tokens.slice(next, next + 3);
      next += 3;
      if (label === undefined || quoted === undefined || !/^["']/.test(quoted))
        throw new QuerySyntaxError('expected a label, an operator and a value');
      const value = quoted.slice(1, -1).replace(/\\(.)/g, '$1');
      const of = (labels: Readonly<Record<string, string>>) => labels[label] ?? '';
      if (operator === '=') tests.push((labels) => of(labels) === value);
      else if (operator === '!=') tests.push((labels) => of(labels) !== value);
      else if (operator === '=~' || operator === '!~') {
        let pattern: RegExp;
        // What might take forever to match.
        if (value.length > 200 || /\([^)]*[*+}][^)]*\)[*+{]/.test(value))
          throw new QuerySyntaxError('the regular expression is too complex');
        try {
          pattern = new RegExp(`^(?:${value})$`);
        } catch {
          throw new QuerySyntaxError(`${JSON.stringify(value)} is not a regular expression`);
        }
        tests.push((labels) => pattern.test(of(labels)) === (operator === '=~'));
      } else throw new QuerySyntaxError(`unknown operator ${operator ?? ''}`);
      if (tokens[next] === ',') next++;
    }
    take('}');
    return (labels) => tests.every((test) => test(labels));
  }

  function selector(metric: string): Range {
    const wanted = matchers();
    return (context, atMs) => {
      const found: Point[] = [];
      for (const { labels, at } of context.series(metric))
        if (wanted(labels)) found.push({ labels, value: at(atMs) });
      return found;
    };
  }

  function ranged(apply: (values: readonly number[], seconds: number) => number): Query {
    take('(');
    const select = selector(tokens[next++] ?? '');
    take('[');
    const lengthMs = rangeLengthMs(tokens[next++] ?? '');
    take(']');
    take(')');
    return (context) => {
      const byKey = new Map<string, { labels: Point['labels']; values: number[] }>();
      for (let step = 0; step <= steps; step++) {
        for (const { labels, value } of select(context, context.nowMs - lengthMs * (1 - step / steps))) {
          const key = keyOf(labels);
          const known = byKey.get(key) ?? { labels, values: [] };
          known.values.push(value);
          byKey.set(key, known);
        }
      }
      return [...byKey.values()].map(({ labels, values }) => ({
        labels,
        value: apply(values, lengthMs / 1000),
      }));
    };
  }

  function aggregate(apply: (values: readonly number[]) => number): Query {
    const grouping = () => {
      const word = tokens[next];
      if (word !== 'by' && word !== 'without') return undefined;
      next++;
      return { word, labels: new Set(names()) };
    };
    let grouped = grouping();
    take('(');
    const inner = expression();
    take(')');
    grouped ??= grouping();
    const { word, labels: named } = grouped ?? { word: 'by', labels: new Set<string>() };
    return (context) => {
      const value = inner(context);
      if (typeof value === 'number') throw new QuerySyntaxError('an aggregation needs series');
      const groups = new Map<string, { labels: Record<string, string>; values: number[] }>();
      for (const point of value) {
        const labels = Object.fromEntries(
          Object.entries(point.labels).filter(([name]) => named.has(name) === (word === 'by')),
        );
        const group = groups.get(keyOf(labels)) ?? { labels, values: [] };
        group.values.push(point.value);
        groups.set(keyOf(labels), group);
      }
      return [...groups.values()].map(({ labels, values }) => ({ labels, value: apply(values) }));
    };
  }

  function primary(): Query {
    if (++depth > 200) throw new QuerySyntaxError('the query is nested too deep');
    const one = tokens[next++];
    if (one === undefined) throw new QuerySyntaxError('the query ends too early');
    if (one === '(') {
      const value = expression();
      take(')');
      return value;
    }
    if (one === '-')
      return combine(
        () => 0,
        primary(),
        (_, value) => -value,
      );
    if (/^\d/.test(one)) {
      const value = Number(one);
      if (Number.isNaN(value)) throw new QuerySyntaxError(`${one} is not a number`);
      return () => value;
    }
    const name = (table: Readonly<Record<string, unknown>>) =>
      Object.hasOwn(table, one) && tokens[next] === '(';
    if (Object.hasOwn(aggregations, one) && ['(', 'by', 'without'].includes(tokens[next] ?? ''))
      return aggregate(aggregations[one] ?? (() => 0));
    if (name(rangeFunctions)) return ranged(rangeFunctions[one] ?? (() => 0));
    if (name(plainFunctions)) {
      const apply = plainFunctions[one] ?? ((value: number) => value);
      take('(');
      const inner = expression();
      take(')');
      return combine(
        inner,
        () => 0,
        (value) => apply(value),
      );
    }
    if (tokens[next] === '(' && (one === 'clamp_min' || one === 'clamp_max')) {
      take('(');
      const inner = expression();
      take(',');
      const bound = expression();
      take(')');
      return combine(inner, bound, one === 'clamp_min' ? Math.max : Math.min);
    }
    if (tokens[next] === '(' && one === 'vector') {
      take('(');
      const inner = expression();
      take(')');
      return (context) => {
        const value = inner(context);
        if (typeof value !== 'number') throw new QuerySyntaxError('vector needs a number');
        return [{ labels: {}, value }];
      };
    }
    if (!/^[a-zA-Z_:]/.test(one) || tokens[next] === '(') throw new QuerySyntaxError(`unknown name ${one}`);
    const select = selector(one);
    return (context) => select(context, context.nowMs);
  }

  function chain(
    operand: () => Query,
    signs: readonly string[],
    join: (left: Query, right: Query, sign: string) => Query,
  ): Query {
    let left = operand();
    for (;;) {
      const sign = tokens[next];
      if (sign === undefined || !signs.includes(sign)) return left;
      next++;
      left = join(left, operand(), sign);
    }
  }
  const calculate = (left: Query, right: Query, sign: string) =>
    combine(left, right, operators[sign] ?? (() => 0));
  const product = () => chain(primary, ['*', '/', '%'], calculate);
  const sum = () => chain(product, ['+', '-'], calculate);
  const comparison = () =>
    chain(sum, Object.keys(comparisons), (left, right, sign) =>
      filtered(left, right, comparisons[sign] ?? (() => false)),
    );
  const both = () => chain(comparison, setOperators.slice(1), combinedSets);
  function expression(): Query {
    return chain(both, setOperators.slice(0, 1), combinedSets);
  }

  const query = expression();
  if (next < tokens.length) throw new QuerySyntaxError(`unexpected ${JSON.stringify(tokens[next])}`);
  return query;
}
