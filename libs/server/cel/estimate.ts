import type { Checked } from './checker.ts';
import { foldCosts } from './fold.ts';
import { type Expression, type Fold, qualifiedName } from './syntax.ts';
import type { Type } from './types.ts';

/** The least and the most something may come to. */
export interface CostRange {
  readonly min: number;
  readonly max: number;
}

interface Estimate {
  readonly cost: CostRange;
  /** Elements, characters or bytes of the value, where that is known better than by its type. */
  readonly size?: CostRange | undefined;
}

const traversal = 0.1;
const perRegexChar = 0.25;
const nothing: CostRange = { min: 0, max: 0 };
const one: CostRange = { min: 1, max: 1 };
const unknownSize: CostRange = { min: 0, max: Infinity };

function plus(...ranges: readonly CostRange[]): CostRange {
  return ranges.reduce((sum, range) => ({ min: sum.min + range.min, max: sum.max + range.max }), nothing);
}

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

function times(a: CostRange, b: CostRange): CostRange {
  return { min: product(a.min, b.min), max: product(a.max, b.max) };
}

function scaled(range: CostRange, factor: number): CostRange {
  return { min: Math.ceil(product(range.min, factor)), max: Math.ceil(product(range.max, factor)) };
}

function either(a: CostRange, b: CostRange): CostRange {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

function flat(cost: number): CostRange {
  return { min: cost, max: cost };
}

class Estimator {
  readonly #types: ReadonlyMap<Expression, Type>;

  constructor(checked: Checked) {
    this.#types = checked.types;
  }

  of(expression: Expression): Estimate {
    switch (expression.kind) {
      case 'constant':
        return { cost: nothing, size: constantSize(expression) };
      case 'name':
        return { cost: one };
      case 'select': {
        const inner = this.of(expression.operand).cost;
        return { cost: expression.test ? inner : plus(inner, one) };
      }
      case 'list': {
        const costs = expression.items.map((item) => this.of(item).cost);
        const { length } = expression.items;
        return {
          cost: plus(flat(10), ...costs),
          size: { min: length - expression.optionals.size, max: length },
        };
      }
      case 'map': {
        const costs = expression.entries.flatMap(({ key, value }) => [
          this.of(key).cost,
          this.of(value).cost,
        ]);
        return { cost: plus(flat(30), ...costs), size: flat(expression.entries.length) };
      }
      case 'message':
        return { cost: plus(flat(40), ...expression.fields.map(({ value }) => this.of(value).cost)) };
      case 'bind': {
        const body = this.of(expression.body);
        const value = this.of(expression.value).cost;
        const ran = expression.form === 'bind' ? body.cost : { min: 0, max: body.cost.max };
        return { cost: plus(value, ran), size: body.size };
      }
      case 'fold':
        return this.#fold(expression);
      case 'call':
        return this.#call(expression);
    }
  }

  size(expression: Expression, known?: Estimate): CostRange {
    const { size } = known ?? this.of(expression);
    if (size !== undefined) return size;
    const type = this.#types.get(expression);
    return type === undefined ? unknownSize : sizeOfType(type);
  }

  #fold(fold: Fold): Estimate {
    const { form } = fold;
    const { step, kept, end } = foldCosts[form];
    const range = this.of(fold.range);
    const size = this.size(fold.range, range);
    const filter = fold.filter === undefined ? nothing : this.of(fold.filter).cost;
    let each = plus(flat(step), this.of(fold.body).cost);
    if (kept > 0) each = plus(each, { min: 1, max: kept });
    if (fold.filter !== undefined) each = plus(filter, { min: 1, max: each.max });
    // Quantifiers may end with the first item.
    const cost = plus(range.cost, times(size, each), flat(end));
    const lessens = form === 'filter' || fold.filter !== undefined;
    const isQuantifier = form === 'all' || form === 'exists' || form === 'exists_one';
    return { cost, ...(isQuantifier ? {} : { size: lessens ? { min: 0, max: size.max } : size }) };
  }

  #call(call: Expression & { kind: 'call' }): Estimate {
    const { name, target, args } = call;
    const qualified = target === undefined ? undefined : qualifiedName(target);
    const namespaced = qualified !== undefined && !this.#types.has(target!);
    const operands = target === undefined || namespaced ? [...args] : [target, ...args];
    const known = operands.map((operand) => this.of(operand));
    const costs = known.map(({ cost }) => cost);
    const [a = nothing, b = nothing, c = nothing] = costs;
    switch (name) {
      case '_&&_':
      case '_||_':
        return { cost: { min: a.min, max: a.max + b.max } };
      case '_?_:_':
        return {
          cost: plus(a, either(b, c)),
          size: either(this.size(operands[1]!, known[1]), this.size(operands[2]!, known[2])),
        };
    }
    const sizes = operands.map((operand, at) => this.size(operand, known[at]));
    const own = callEstimate(
      namespaced ? `${qualified}.${name}` : name,
      sizes,
      operands.map((operand) => this.#types.get(operand)),
    );
    return { cost: plus(own.cost, ...costs), size: own.size };
  }
}

function constantSize({ value }: Expression & { kind: 'constant' }): CostRange | undefined {
  if (typeof value === 'string') return flat([...value].length);
  return value instanceof Uint8Array ? flat(value.length) : undefined;
}

function sizeOfType(type: Type): CostRange {
  const max = 'max' in type ? type.max : undefined;
  if (max !== undefined) return { min: 0, max };
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'uint':
    case 'double':
    case 'timestamp':
    case 'duration':
    case 'null_type':
      return one;
    // As Kubernetes counts: declared fields have no number.
    case 'object':
      return nothing;
    default:
      return unknownSize;
  }
}

function callEstimate(
  name: string,
  sizes: readonly CostRange[],
  types: readonly (Type | undefined)[],
): Estimate {
  const [a = unknownSize, b = unknownSize] = sizes;
  const type = types[0];
  const texts = type?.kind === 'string' || type?.kind === 'bytes';
  switch (name) {
    case 'startsWith':
    case 'endsWith':
      return { cost: scaled(b, traversal) };
    case 'contains':
      return { cost: times(scaled(a, traversal), scaled(b, traversal)) };
    case 'matches':
    case 'find':
    case 'findAll':
      return {
        cost: times(scaled(plus(a, one), traversal), scaled(b, perRegexChar)),
        ...(name === 'matches' ? {} : { size: { min: 0, max: a.max } }),
      };
    case '_+_': {
      const size = plus(a, b);
      if (texts) return { cost: scaled(size, traversal), size };
      return { cost: one, ...(type?.kind === 'list' ? { size } : {}) };
    }
    case '_==_':
    case '_!=_':
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_': {
      if (type?.kind === 'opaque') return { cost: one };
      const least = { min: 1, max: Math.min(a.max, b.max) };
      return { cost: { min: 1, max: Math.max(1, Math.ceil(product(least.max, traversal))) } };
    }
    case '@in':
      return { cost: types[1]?.kind === 'list' ? { min: Math.max(b.min, 0), max: Math.max(b.max, 1) } : one };
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
    case 'includes': {
      if (type?.kind !== 'list') return { cost: scaled(a, traversal) };
      const { element } = type;
      const perItem =
        element.kind === 'string' || element.kind === 'bytes'
          ? plus(one, scaled(sizeOfType(element), traversal))
          : one;
      return { cost: times(a, perItem) };
    }
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'bytes':
      return { cost: scaled(a, traversal), size: a };
    case 'string':
      if (texts) return { cost: scaled(a, traversal), size: a };
      // Numbers, times and addresses have short texts.
      return { cost: one, ...(type?.kind === 'dyn' ? {} : { size: { min: 1, max: 64 } }) };
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return { cost: scaled(a, traversal) };
    case 'ip':
      return { cost: type?.kind === 'opaque' ? one : scaled(a, traversal) };
    case 'ip.isCanonical':
      return { cost: scaled(a, traversal * 2) };
    case 'replace':
      return { cost: scaled(a, traversal * 2), size: { min: 0, max: a.max * (sizes[2]?.max ?? 1) + a.max } };
    case 'split':
      return { cost: scaled(a, traversal * 2), size: { min: 0, max: a.max } };
    case 'join': {
      const element = type?.kind === 'list' ? sizeOfType(type.element) : unknownSize;
      const size = plus(times(a, element), sizes.length > 1 ? times(a, b) : nothing);
      return { cost: scaled(size, traversal), size };
    }
    case 'containsIP':
    case 'containsCIDR':
      return { cost: { min: 1, max: type === undefined ? 4 : 7 } };
    case 'sets.contains':
    case 'sets.equivalent':
    case 'sets.intersects':
      return { cost: plus(times(a, b), one) };
    case 'check':
      return { cost: flat(350_000) };
    default:
      return { cost: one };
  }
}

/** What evaluating a checked expression may cost, by the greatest sizes that its types allow. */
export function estimateCost(checked: Checked): CostRange {
  return new Estimator(checked).of(checked.expression).cost;
}
