import { canonicalQuantity, formatTime, type Quantity } from '@drydock/base/apimachinery';
import type { Type } from './types.ts';

/**
 * A value: int is a bigint, double a number; maps and objects are views, so that big documents are converted only where
 * they are looked at.
 */
export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | Optional
  | TypeValue
  | Opaque
  | readonly Value[]
  | MapView
  | ObjectView;

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since the epoch. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Optional {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export const none = new Optional(undefined);

export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value of a library. */
export class Opaque {
  /** The name of its type: `kubernetes.Quantity`. */
  readonly type: string;
  readonly content: unknown;
  readonly #equals: (other: unknown) => boolean;
  readonly #text: () => string;

  constructor(type: string, content: unknown, equals: (other: unknown) => boolean, text: () => string) {
    this.type = type;
    this.content = content;
    this.#equals = equals;
    this.#text = text;
  }

  equals(other: Opaque): boolean {
    return other.type === this.type && this.#equals(other.content);
  }

  toString(): string {
    return this.#text();
  }
}

/** A map. Keys are strings, ints, uints or bools. */
export abstract class MapView {
  abstract get(key: Value): Value | undefined;
  abstract keys(): readonly Value[];
  abstract get size(): number;

  /** Whether a key is there: `in`. Some maps have something to give for keys that are not. */
  has(key: Value): boolean {
    return this.get(key) !== undefined;
  }
}

/** An object with declared fields. */
export abstract class ObjectView {
  /** Undefined when the field is absent. */
  abstract field(name: string): Value | undefined;
  abstract names(): readonly string[];
}

/** A value of a named type, made by an expression. */
export class Message extends ObjectView {
  readonly type: string;
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: string, fields: ReadonlyMap<string, Value>) {
    super();
    this.type = type;
    this.fields = fields;
  }

  field(name: string): Value | undefined {
    return this.fields.get(name);
  }

  names(): readonly string[] {
    return [...this.fields.keys()];
  }
}

function keyText(key: Value): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  return `n${String(key)}`;
}

/** A map made by an expression. */
export class PlainMap extends MapView {
  readonly #entries = new Map<string, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.#entries.set(keyText(key), [key, value]);
  }

  override has(key: Value): boolean {
    return this.#entries.has(keyText(key));
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyText(key))?.[1];
  }

  keys(): readonly Value[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** Why an expression has no value. */
export class CelError extends Error {
  override readonly name = 'CelError';
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The number that an int, uint or double is; undefined for all else. */
export function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

/** How the items of a list are told apart that is a set, or a map by keys: `==` and `+` do not mind their order. */
type SameItem = (a: Value, b: Value) => boolean;
const listTraits = new WeakMap<readonly Value[], SameItem>();

/** Makes a list one whose order does not count. */
export function withListTraits(list: readonly Value[], same: SameItem): readonly Value[] {
  listTraits.set(list, same);
  return list;
}

/** Two lists joined: items of the second replace those of the first that are the same, where these are told apart. */
export function concatLists(a: readonly Value[], b: readonly Value[]): readonly Value[] {
  const same = listTraits.get(a);
  if (same === undefined) return [...a, ...b];
  const kept = a.map((item) => b.find((other) => same(item, other)) ?? item);
  return withListTraits([...kept, ...b.filter((other) => !a.some((item) => same(item, other)))], same);
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  if (!listTraits.has(a) && !listTraits.has(b)) return a.every((item, at) => equals(item, b[at]!));
  return a.every((item) => b.some((other) => equals(item, other)));
}

export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  const [x, y] = [numberOf(a), numberOf(b)];
  // Ints and doubles compare by value.
  // oxlint-disable-next-line eqeqeq
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && x == y;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isList(a)) return isList(b) && equalLists(a, b);
  if (a instanceof MapView) {
    return (
      b instanceof MapView &&
      a.size === b.size &&
      a.keys().every((key) => {
        const other = b.get(key);
        return other !== undefined && equals(a.get(key)!, other);
      })
    );
  }
  if (a instanceof ObjectView) {
    if (!(b instanceof ObjectView) || typeNameOf(a) !== typeNameOf(b)) return false;
    const names = a.names();
    return (
      names.length === b.names().length &&
      names.every((name) => {
        const other = b.field(name);
        return other !== undefined && equals(a.field(name)!, other);
      })
    );
  }
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Opaque) return b instanceof Opaque && a.equals(b);
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equals(a.value, b.value);
  }
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  return false;
}

/** Negative, zero or positive; undefined where the two cannot be ordered. */
export function compare(a: Value, b: Value): number | undefined {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp)
    return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos);
  if (a instanceof Duration && b instanceof Duration)
    return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
    return a.length - b.length;
  }
  return undefined;
}

/** By code points, as Go compares UTF-8. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [[...a], [...b]];
  for (let at = 0; at < Math.min(x.length, y.length); at++) {
    const difference = x[at]!.codePointAt(0)! - y[at]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** The name of a value's type, as `type(x)` prints and declarations name it. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
  }
  if (value === null) return 'null_type';
  if (isList(value)) return 'list';
  if (value instanceof MapView) return 'map';
  if (value instanceof ObjectView) return value instanceof Message ? value.type : 'object';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof TypeValue) return 'type';
  return value.type;
}

/** Whether a value has a type; what lists and maps hold is not looked at. */
export function hasType(value: Value, type: Type): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'parameter':
      return true;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'optional':
      return value instanceof Optional;
    case 'opaque':
      return value instanceof Opaque && value.type === type.name;
    case 'object':
      return value instanceof ObjectView;
    default:
      return typeNameOf(value) === type.kind;
  }
}

const second = 1_000_000_000n;

export function formatTimestamp({ nanos }: Timestamp): string {
  let seconds = nanos / second;
  let fraction = nanos % second;
  if (fraction < 0n) {
    fraction += second;
    seconds -= 1n;
  }
  const text = formatTime(Number(seconds) * 1000);
  if (fraction === 0n) return text;
  return text.replace('Z', `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}Z`);
}

/** As CEL prints durations: seconds. */
export function formatDurationValue({ nanos }: Duration): string {
  const negative = nanos < 0n;
  const absolute = negative ? -nanos : nanos;
  const fraction = (absolute % second).toString().padStart(9, '0').replace(/0+$/, '');
  return `${negative ? '-' : ''}${absolute / second}${fraction === '' ? '' : `.${fraction}`}s`;
}

/** Go's %g for doubles, as `string(double)` prints them. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -4 || exponent >= 21)
    return value
      .toExponential()
      .replace(/e([+-])(\d)$/, (_all, sign: string, digit: string) => `e${sign}0${digit}`);
  return String(value);
}

export function quantityText(quantity: Quantity): string {
  return canonicalQuantity(String(quantity));
}
