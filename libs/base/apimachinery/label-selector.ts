/** The operators of the selector grammar, as they are written. */
export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

/** A map of labels; absent counts as empty. */
export type LabelSet = Readonly<Record<string, string>> | undefined;

export interface SelectorRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** Sorted and without repetitions where it came from a parser. */
  readonly values: readonly string[];
}

/** A compiled label selector. Immutable; `matches` is made for hot loops. */
export interface LabelMatcher {
  matches(labels: LabelSet): boolean;
  /** Canonical text: sorted by key, parses back to an equal selector. '' for both everything and nothing. */
  toString(): string;
  readonly requirements: readonly SelectorRequirement[];
  /** True when it matches everything by having no requirement. */
  readonly empty: boolean;
  /** The one value that `key` must have, where the selector demands exactly one; for indexes. */
  exactValue(key: string): string | undefined;
}

type Predicate = (labels: Readonly<Record<string, string>>) => boolean;

const integerText = /^[+-]?[0-9]+$/;

/** Parses as Go's ParseInt(text, 10, 64) does; undefined when it would fail. */
export function parseInt64(text: string): bigint | undefined {
  if (!integerText.test(text) || text.length > 64) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** The label's value, or undefined; names such as `constructor` are labels like any other. */
function valueOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function compileOrder(key: string, bound: bigint | undefined, above: boolean): Predicate {
  return (labels) => {
    const text = valueOf(labels, key);
    const value = text === undefined ? undefined : parseInt64(text);
    if (value === undefined || bound === undefined) return false;
    return above ? value > bound : value < bound;
  };
}

function compileRequirement({ key, operator, values }: SelectorRequirement): Predicate {
  const only = values.length === 1 ? values[0] : undefined;
  const set = new Set(values);
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      if (only !== undefined) return (labels) => valueOf(labels, key) === only;
      return (labels) => {
        const value = valueOf(labels, key);
        return value !== undefined && set.has(value);
      };
    case '!=':
    case 'notin':
      return (labels) => {
        const value = valueOf(labels, key);
        return value === undefined || !set.has(value);
      };
    case 'exists':
      return (labels) => Object.hasOwn(labels, key);
    case '!':
      return (labels) => !Object.hasOwn(labels, key);
    case 'gt':
    case 'lt':
      return compileOrder(key, only === undefined ? undefined : parseInt64(only), operator === 'gt');
  }
}

const noLabels: Readonly<Record<string, string>> = Object.freeze({});

/** Compiles requirements, all of which must hold. They are sorted by key. */
export function compileSelector(requirements: readonly SelectorRequirement[]): LabelMatcher {
  const sorted = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const predicates = sorted.map(compileRequirement);
  const first = predicates[0];
  let matches: (labels: LabelSet) => boolean;
  if (first === undefined) matches = () => true;
  else if (predicates.length === 1) matches = (labels) => first(labels ?? noLabels);
  else {
    matches = (labels = noLabels) => {
      for (const predicate of predicates) if (!predicate(labels)) return false;
      return true;
    };
  }
  let text: string | undefined;
  return {
    matches,
    requirements: sorted,
    empty: sorted.length === 0,
    toString: () => (text ??= sorted.map(formatRequirement).join(',')),
    exactValue: (key) => {
      const found = sorted.find((requirement) => requirement.key === key);
      if (found === undefined || found.values.length !== 1) return undefined;
      return found.operator === '=' || found.operator === '==' || found.operator === 'in'
        ? found.values[0]
        : undefined;
    },
  };
}

/** Matches every object. */
export const everything: LabelMatcher = compileSelector([]);

/** Matches no object: what an absent LabelSelector means. */
export const nothing: LabelMatcher = {
  matches: () => false,
  requirements: [],
  empty: false,
  toString: () => '',
  exactValue: () => undefined,
};

function formatRequirement({ key, operator, values }: SelectorRequirement): string {
  const list = values.toSorted().join(',');
  switch (operator) {
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${list}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
  }
}

/** Every one of `labels` must be there with its value. Not validated; absent or empty matches everything. */
export function selectorFromSet(labels: LabelSet): LabelMatcher {
  return compileSelector(
    Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=' as const, values: [value] })),
  );
}

/** The canonical text of a compiled selector. */
export function formatSelector(selector: LabelMatcher): string {
  return selector.toString();
}
