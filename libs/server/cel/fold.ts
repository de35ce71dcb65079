import { absorb, charge, noOverload, truth, type Evaluator, type Run } from './run.ts';
import type { Expression, Fold } from './syntax.ts';
import { CelError, compare, isList, MapView, ObjectView, PlainMap, type Value } from './values.ts';

/** What each step and the end of a macro cost besides its own expressions: the loop that cel-go makes of it. */
export const foldCosts: Readonly<
  Record<Fold['form'], { readonly step: number; readonly kept: number; readonly end: number }>
> = {
  all: { step: 3, kept: 0, end: 1 },
  exists: { step: 4, kept: 0, end: 1 },
  exists_one: { step: 0, kept: 2, end: 2 },
  map: { step: 12, kept: 0, end: 1 },
  filter: { step: 0, kept: 13, end: 1 },
  transformList: { step: 12, kept: 0, end: 1 },
  transformMap: { step: 32, kept: 0, end: 1 },
  transformMapEntry: { step: 32, kept: 0, end: 1 },
  sortBy: { step: 12, kept: 0, end: 1 },
};

type Item = readonly [first: Value, second: Value];

function itemsOf(range: Value, two: boolean): Item[] {
  if (range !== null && isList(range))
    return range.map((value, at): Item => (two ? [BigInt(at), value] : [value, value]));
  if (range instanceof MapView) return range.keys().map((key): Item => [key, range.get(key)!]);
  if (range instanceof ObjectView) return range.names().map((name): Item => [name, range.field(name)!]);
  throw noOverload('comprehension', range);
}

type Visit = (
  run: Run,
  items: readonly Item[],
  step: (item: Item) => Value,
  keep: (item: Item) => boolean,
) => Value;

const visits: Readonly<Record<Fold['form'], Visit>> = {
  all: (run, items, step) => quantify(run, items, step, false, 'all'),
  exists: (run, items, step) => quantify(run, items, step, true, 'exists'),
  exists_one(run, items, step) {
    let count = 0;
    for (const item of items) {
      if (!truth(step(item), '_?_:_')) continue;
      charge(run, foldCosts.exists_one.kept);
      count++;
    }
    return count === 1;
  },
  filter(run, items, step) {
    const made: Value[] = [];
    for (const item of items) {
      if (!truth(step(item), '_?_:_')) continue;
      charge(run, foldCosts.filter.kept);
      made.push(item[0]);
    }
    return made;
  },
  map: collect,
  transformList: collect,
  transformMap(_run, items, step, keep) {
    return new PlainMap(items.filter(keep).map((item) => [item[0], step(item)] as const));
  },
  transformMapEntry(_run, items, step, keep) {
    const entries: [Value, Value][] = [];
    for (const item of items.filter(keep)) {
      const made = step(item);
      if (!(made instanceof MapView)) throw noOverload('transformMapEntry', made);
      for (const key of made.keys()) entries.push([key, made.get(key)!]);
    }
    const map = new PlainMap(entries);
    if (map.size < entries.length) throw new CelError('insert failed: key already exists');
    return map;
  },
  sortBy(_run, items, step) {
    return items
      .map((item) => ({ value: item[0], key: step(item) }))
      .sort((a, b) => compare(a.key, b.key) ?? 0)
      .map(({ value }) => value);
  },
};

function collect(
  _run: Run,
  items: readonly Item[],
  step: (item: Item) => Value,
  keep: (item: Item) => boolean,
): Value {
  return items.filter(keep).map(step);
}

/** Errors are forgotten when another item decides. */
function quantify(
  run: Run,
  items: readonly Item[],
  step: (item: Item) => Value,
  decisive: boolean,
  form: 'all' | 'exists',
): boolean {
  let failed: CelError | undefined;
  for (const item of items) {
    charge(run, foldCosts[form].step);
    try {
      if (truth(step(item), decisive ? '_||_' : '_&&_') === decisive) return decisive;
    } catch (error) {
      failed = absorb(error);
    }
  }
  if (failed !== undefined) throw failed;
  return !decisive;
}

/** Compiles a macro that walks along a list or map. */
export function compileFold(fold: Fold, compile: (expression: Expression) => Evaluator): Evaluator {
  const range = compile(fold.range);
  const body = compile(fold.body);
  const filter = fold.filter === undefined ? undefined : compile(fold.filter);
  const [first = '', second] = fold.names;
  const visit = visits[fold.form];
  const costs = foldCosts[fold.form];
  const counts = fold.form !== 'all' && fold.form !== 'exists';
  return (run) => {
    const items = itemsOf(range(run), second !== undefined);
    const variables = new Map(run.variables);
    const inner: Run = { variables, cost: run.cost, limit: run.limit };
    const enter = ([one, two]: Item): void => {
      variables.set(first, one);
      if (second !== undefined) variables.set(second, two);
    };
    const step = (item: Item): Value => {
      enter(item);
      if (counts) charge(inner, costs.step);
      return body(inner);
    };
    const keep = (item: Item): boolean => {
      if (filter === undefined) return true;
      enter(item);
      return truth(filter(inner), '_?_:_');
    };
    try {
      const made = visit(inner, items, step, keep);
      charge(inner, costs.end);
      return made;
    } finally {
      run.cost = inner.cost;
    }
  };
}
