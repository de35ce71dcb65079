/** A type of the Common Expression Language. Compared by structure, never by identity. */
export type Type =
  | { readonly kind: Scalar; readonly max?: number | undefined }
  | { readonly kind: 'list'; readonly element: Type; readonly max?: number | undefined }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type; readonly max?: number | undefined }
  | { readonly kind: 'optional'; readonly of: Type }
  | { readonly kind: 'type'; readonly of: Type }
  | { readonly kind: 'object'; readonly name: string; field(name: string): Type | undefined }
  /** Values of a library: addresses, quantities. */
  | { readonly kind: 'opaque'; readonly name: string }
  /** Stands for any type within the declaration of a function. */
  | { readonly kind: 'parameter'; readonly name: string };

export type Scalar =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null_type'
  | 'timestamp'
  | 'duration'
  | 'dyn';

const scalarNames: ReadonlySet<string> = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'null_type',
  'timestamp',
  'duration',
  'dyn',
]);

/** A scalar type; `max` is the greatest size (characters, bytes) that its values can have, for estimates of cost. */
export function scalar(kind: Scalar, max?: number): Type {
  return max === undefined ? { kind } : { kind, max };
}

export const dyn: Type = scalar('dyn');
export const bool: Type = scalar('bool');
export const int: Type = scalar('int');
export const string: Type = scalar('string');

export function listOf(element: Type, max?: number): Type {
  return { kind: 'list', element, max };
}

export function mapOf(key: Type, value: Type, max?: number): Type {
  return { kind: 'map', key, value, max };
}

export function optionalOf(of: Type): Type {
  return { kind: 'optional', of };
}

/** As cel-go prints types. */
export function formatType(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `list(${formatType(type.element)})`;
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'optional':
      return `optional_type(${formatType(type.of)})`;
    case 'type':
      return `type(${formatType(type.of)})`;
    case 'object':
    case 'opaque':
    case 'parameter':
      return type.name;
    case 'null_type':
      return 'null';
    default:
      return type.kind;
  }
}

const runtimeNames: Readonly<Record<string, string>> = {
  null_type: 'null_type',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

/** A type as Kubernetes names it where an expression must have another: not as the checker does. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.element)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'optional':
      return `optional_type(${typeText(type.of)})`;
    case 'type':
      return `type(${typeText(type.of)})`;
    case 'object':
    case 'opaque':
    case 'parameter':
      return type.name;
    default:
      return runtimeNames[type.kind] ?? type.kind;
  }
}

/** Reads a type written as in declarations: `map(string, list(T))`; single capitals are parameters. */
export function parseType(text: string): Type {
  let at = 0;
  const read = (): Type => {
    const name = /^[\w.]+/.exec(text.slice(at))?.[0] ?? '';
    at += name.length;
    const below: Type[] = [];
    if (text[at] === '(') {
      do {
        at++;
        while (text[at] === ' ') at++;
        below.push(read());
      } while (text[at] === ',');
      at++;
    }
    const [first = dyn, second = dyn] = below;
    if (name === 'list') return listOf(first);
    if (name === 'map') return mapOf(first, second);
    if (name === 'optional') return optionalOf(first);
    if (name === 'type') return { kind: 'type', of: first };
    if (scalarNames.has(name)) return scalar(name as Scalar);
    return /^[A-Z]$/.test(name) ? { kind: 'parameter', name } : { kind: 'opaque', name };
  };
  return read();
}

/** What the parameters of a declaration stand for in one call. */
export type Bindings = Map<string, Type>;

/** Of two types that fit, the one that says less, as cel-go chooses what a parameter stands for. */
function lessSpecific(a: Type, b: Type): Type {
  return saysNoMore(a, b) ? a : b;
}

function saysNoMore(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || a.kind === 'parameter') return true;
  if (b.kind === 'dyn' || b.kind === 'parameter') return false;
  if (a.kind === 'null_type') return false;
  if (a.kind !== b.kind) return b.kind === 'null_type';
  switch (a.kind) {
    case 'list':
      return saysNoMore(a.element, (b as typeof a).element);
    case 'map':
      return saysNoMore(a.key, (b as typeof a).key) && saysNoMore(a.value, (b as typeof a).value);
    case 'optional':
      return saysNoMore(a.of, (b as typeof a).of);
    default:
      return true;
  }
}

/** Whether a value of type `actual` may stand where `expected` is declared; binds parameters. */
export function isAssignable(expected: Type, actual: Type, bindings: Bindings): boolean {
  if (expected.kind === 'parameter') {
    const bound = bindings.get(expected.name);
    if (
      bound !== undefined &&
      !isAssignable(actual, bound, bindings) &&
      !isAssignable(bound, actual, bindings)
    )
      return false;
    bindings.set(expected.name, bound === undefined ? actual : lessSpecific(actual, bound));
    return true;
  }
  if (expected.kind === 'dyn' || actual.kind === 'dyn' || actual.kind === 'parameter') return true;
  if (actual.kind === 'null_type')
    return ['null_type', 'object', 'opaque', 'timestamp', 'duration', 'optional'].includes(expected.kind);
  if (expected.kind !== actual.kind) return false;
  switch (expected.kind) {
    case 'list':
      return isAssignable(expected.element, (actual as typeof expected).element, bindings);
    case 'map': {
      const other = actual as typeof expected;
      return (
        isAssignable(expected.key, other.key, bindings) && isAssignable(expected.value, other.value, bindings)
      );
    }
    case 'optional':
      return isAssignable(expected.of, (actual as typeof expected).of, bindings);
    case 'object':
      return expected === actual || expected.name === (actual as typeof expected).name;
    case 'opaque':
      return expected.name === (actual as typeof expected).name;
    default:
      return true;
  }
}

/** The type with its parameters replaced; unbound ones are `dyn`. */
export function substitute(type: Type, bindings: Bindings): Type {
  switch (type.kind) {
    case 'parameter':
      return bindings.get(type.name) ?? dyn;
    case 'list':
      return listOf(substitute(type.element, bindings), type.max);
    case 'map':
      return mapOf(substitute(type.key, bindings), substitute(type.value, bindings), type.max);
    case 'optional':
      return optionalOf(substitute(type.of, bindings));
    case 'type':
      return { kind: 'type', of: substitute(type.of, bindings) };
    default:
      return type;
  }
}

/** The type that holds both; `dyn` when they have nothing in common. */
export function joinTypes(a: Type, b: Type): Type {
  if (isAssignable(a, b, new Map())) return a.kind === 'dyn' || b.kind !== 'dyn' ? a : b;
  if (isAssignable(b, a, new Map())) return b;
  return dyn;
}
