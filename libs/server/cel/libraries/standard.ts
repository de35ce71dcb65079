import { parseDuration, parseTime } from '@drydock/base/apimachinery';
import { compileGoRegexp, GoRegexpSyntaxError } from '../../go-regexp/index.ts';
import { library, type Library } from '../library.ts';
import {
  CelError,
  compare,
  concatLists,
  Duration,
  equals,
  formatDouble,
  formatDurationValue,
  formatTimestamp,
  isList,
  MapView,
  numberOf,
  ObjectView,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts';

const maxInt = 2n ** 63n - 1n;
const minInt = -(2n ** 63n);
const maxUint = 2n ** 64n - 1n;

function asInt(value: bigint): bigint {
  if (value > maxInt || value < minInt) throw new CelError('integer overflow');
  return value;
}

function asUint(value: bigint): Uint {
  if (value > maxUint || value < 0n) throw new CelError('unsigned integer overflow');
  return new Uint(value);
}

function nonZero(divisor: bigint, what: string): bigint {
  if (divisor === 0n) throw new CelError(what);
  return divisor;
}

function fromDouble(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new CelError('integer overflow');
  return BigInt(Math.trunc(value));
}

export function regexp(pattern: string): ReturnType<typeof compileGoRegexp> {
  try {
    return compileGoRegexp(pattern);
  } catch (error) {
    if (error instanceof GoRegexpSyntaxError) throw new CelError(error.message);
    throw error;
  }
}

export function timestampOf(text: string): Timestamp {
  if (!/^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/.test(text))
    throw new CelError(`parsing time ${JSON.stringify(text)}: invalid timestamp`);
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  const seconds = parseTime(text.replace(/\.\d+/, ''));
  return new Timestamp(BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9)));
}

/** A Go duration; its text is summed up exactly. */
export function durationOf(text: string): Duration {
  try {
    return new Duration(BigInt(Math.round(parseDuration(text) * 1e6)));
  } catch {
    throw new CelError(`time: invalid duration ${JSON.stringify(text)}`);
  }
}

function sizeOf(value: Value): bigint {
  if (typeof value === 'string') return BigInt([...value].length);
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (value instanceof MapView) return BigInt(value.size);
  if (value instanceof ObjectView) return BigInt(value.names().length);
  return BigInt((value as readonly Value[]).length);
}

function contains(item: Value, range: Value): boolean {
  if (range instanceof MapView) return range.has(item);
  if (range instanceof ObjectView) return typeof item === 'string' && range.field(item) !== undefined;
  if (range !== null && isList(range)) return range.some((one) => equals(one, item));
  throw new CelError(`no such overload: @in(${typeNameOf(item)}, ${typeNameOf(range)})`);
}

const ordered = ['int', 'uint', 'double', 'string', 'bytes', 'bool', 'timestamp', 'duration'];
const numeric = ['int', 'uint', 'double'];

function comparisons(): Parameters<typeof library>[0] {
  const tests = {
    '_<_': (order: number) => order < 0,
    '_<=_': (order: number) => order <= 0,
    '_>_': (order: number) => order > 0,
    '_>=_': (order: number) => order >= 0,
  };
  return Object.entries(tests).flatMap(([name, test]) => {
    const run = (a: Value, b: Value) => {
      const [x, y] = [numberOf(a), numberOf(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return false;
      return test(compare(a, b) ?? 0);
    };
    const same = ordered.map((type) => [name, `(${type}, ${type}) bool`, run] as const);
    const mixed = numeric.flatMap((a) =>
      numeric.filter((b) => a !== b).map((b) => [name, `(${a}, ${b}) bool`, run] as const),
    );
    return [...same, ...mixed];
  });
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

function parseNumber(text: string, pattern: RegExp, type: string): bigint {
  if (!pattern.test(text)) throw new CelError(`type conversion error from 'string' to '${type}'`);
  return BigInt(text);
}

/** Operators, sizes, conversions, texts: what every environment has. */
export const standardLibrary: Library = library([
  ['_==_', '(A, A) bool', (a: Value, b: Value) => equals(a, b)],
  ['_!=_', '(A, A) bool', (a: Value, b: Value) => !equals(a, b)],
  ...['_==_', '_!=_'].flatMap((name) =>
    numeric.flatMap((a) =>
      numeric
        .filter((b) => a !== b)
        .map(
          (b) =>
            [name, `(${a}, ${b}) bool`, (x: Value, y: Value) => equals(x, y) === (name === '_==_')] as const,
        ),
    ),
  ),
  ...comparisons(),
  ['_&&_', '(bool, bool) bool', (a: boolean, b: boolean) => a && b],
  ['_||_', '(bool, bool) bool', (a: boolean, b: boolean) => a || b],
  ['_?_:_', '(bool, A, A) A', (condition: boolean, a: Value, b: Value) => (condition ? a : b)],
  ['!_', '(bool) bool', (a: boolean) => !a],
  ['-_', '(int) int', (a: bigint) => asInt(-a)],
  ['-_', '(double) double', (a: number) => -a],
  ['_+_', '(int, int) int', (a: bigint, b: bigint) => asInt(a + b)],
  ['_+_', '(uint, uint) uint', (a: Uint, b: Uint) => asUint(a.value + b.value)],
  ['_+_', '(double, double) double', (a: number, b: number) => a + b],
  ['_+_', '(string, string) string', (a: string, b: string) => a + b],
  ['_+_', '(bytes, bytes) bytes', (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b])],
  ['_+_', '(list(A), list(A)) list(A)', concatLists],
  ['_+_', '(timestamp, duration) timestamp', (a: Timestamp, b: Duration) => new Timestamp(a.nanos + b.nanos)],
  ['_+_', '(duration, timestamp) timestamp', (a: Duration, b: Timestamp) => new Timestamp(a.nanos + b.nanos)],
  [
    '_+_',
    '(duration, duration) duration',
    (a: Duration, b: Duration) => new Duration(asInt(a.nanos + b.nanos)),
  ],
  ['_-_', '(int, int) int', (a: bigint, b: bigint) => asInt(a - b)],
  ['_-_', '(uint, uint) uint', (a: Uint, b: Uint) => asUint(a.value - b.value)],
  ['_-_', '(double, double) double', (a: number, b: number) => a - b],
  [
    '_-_',
    '(timestamp, timestamp) duration',
    (a: Timestamp, b: Timestamp) => new Duration(asInt(a.nanos - b.nanos)),
  ],
  ['_-_', '(timestamp, duration) timestamp', (a: Timestamp, b: Duration) => new Timestamp(a.nanos - b.nanos)],
  [
    '_-_',
    '(duration, duration) duration',
    (a: Duration, b: Duration) => new Duration(asInt(a.nanos - b.nanos)),
  ],
  ['_*_', '(int, int) int', (a: bigint, b: bigint) => asInt(a * b)],
  ['_*_', '(uint, uint) uint', (a: Uint, b: Uint) => asUint(a.value * b.value)],
  ['_*_', '(double, double) double', (a: number, b: number) => a * b],
  ['_/_', '(int, int) int', (a: bigint, b: bigint) => asInt(a / nonZero(b, 'division by zero'))],
  ['_/_', '(uint, uint) uint', (a: Uint, b: Uint) => asUint(a.value / nonZero(b.value, 'division by zero'))],
  ['_/_', '(double, double) double', (a: number, b: number) => a / b],
  ['_%_', '(int, int) int', (a: bigint, b: bigint) => asInt(a % nonZero(b, 'modulus by zero'))],
  ['_%_', '(uint, uint) uint', (a: Uint, b: Uint) => asUint(a.value % nonZero(b.value, 'modulus by zero'))],
  ['_[_]', '(list(A), int) A', (a: readonly Value[], b: bigint) => a[Number(b)] ?? null],
  ['_[_]', '(map(A, B), A) B', (a: MapView, b: Value) => a.get(b) ?? null],
  ['_[_]', '(optional(list(A)), int) optional(A)', (a: Value) => a],
  ['_[_]', '(optional(map(A, B)), A) optional(B)', (a: Value) => a],
  ['_[?_]', '(list(A), int) optional(A)', (a: Value) => a],
  ['_[?_]', '(map(A, B), A) optional(B)', (a: Value) => a],
  ['_[?_]', '(optional(list(A)), int) optional(A)', (a: Value) => a],
  ['_[?_]', '(optional(map(A, B)), A) optional(B)', (a: Value) => a],
  ['@in', '(A, list(A)) bool', contains],
  ['@in', '(A, map(A, B)) bool', contains],
  ...['string', 'bytes', 'list(A)', 'map(A, B)'].flatMap((type) => [
    ['size', `(${type}) int`, sizeOf] as const,
    ['size', `${type}.() int`, sizeOf] as const,
  ]),
  ['startsWith', 'string.(string) bool', (a: string, b: string) => a.startsWith(b)],
  ['endsWith', 'string.(string) bool', (a: string, b: string) => a.endsWith(b)],
  ['contains', 'string.(string) bool', (a: string, b: string) => a.includes(b)],
  ['matches', 'string.(string) bool', (a: string, b: string) => regexp(b).test(a)],
  ['matches', '(string, string) bool', (a: string, b: string) => regexp(b).test(a)],
  ['type', '(A) type(A)', (a: Value) => new TypeValue(typeNameOf(a))],
  ['dyn', '(A) dyn', (a: Value) => a],
  ['int', '(int) int', (a: bigint) => a],
  ['int', '(uint) int', (a: Uint) => asInt(a.value)],
  ['int', '(double) int', fromDouble],
  ['int', '(string) int', (a: string) => asInt(parseNumber(a, /^-?\d+$/, 'int'))],
  ['int', '(timestamp) int', (a: Timestamp) => a.nanos / 1_000_000_000n],
  ['int', '(duration) int', (a: Duration) => a.nanos],
  ['uint', '(uint) uint', (a: Uint) => a],
  ['uint', '(int) uint', (a: bigint) => asUint(a)],
  ['uint', '(double) uint', (a: number) => asUint(fromDouble(a))],
  ['uint', '(string) uint', (a: string) => asUint(parseNumber(a, /^\d+$/, 'uint'))],
  ['double', '(double) double', (a: number) => a],
  ['double', '(int) double', (a: bigint) => Number(a)],
  ['double', '(uint) double', (a: Uint) => Number(a.value)],
  [
    'double',
    '(string) double',
    (a: string) => {
      const value = a.trim() === '' || a !== a.trim() ? NaN : Number(a);
      if (Number.isNaN(value) && a !== 'NaN')
        throw new CelError("type conversion error from 'string' to 'double'");
      return value;
    },
  ],
  ['bool', '(bool) bool', (a: boolean) => a],
  [
    'bool',
    '(string) bool',
    (a: string) => {
      if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(a)) return true;
      if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(a)) return false;
      throw new CelError("type conversion error from 'string' to 'bool'");
    },
  ],
  ['bytes', '(bytes) bytes', (a: Uint8Array) => a],
  ['bytes', '(string) bytes', (a: string) => new TextEncoder().encode(a)],
  ['string', '(string) string', (a: string) => a],
  ['string', '(bool) string', String],
  ['string', '(int) string', String],
  ['string', '(uint) string', (a: Uint) => String(a.value)],
  ['string', '(double) string', formatDouble],
  ['string', '(bytes) string', decode],
  ['string', '(timestamp) string', formatTimestamp],
  ['string', '(duration) string', formatDurationValue],
  ['timestamp', '(timestamp) timestamp', (a: Timestamp) => a],
  ['timestamp', '(string) timestamp', timestampOf],
  ['timestamp', '(int) timestamp', (a: bigint) => new Timestamp(a * 1_000_000_000n)],
  ['duration', '(duration) duration', (a: Duration) => a],
  ['duration', '(string) duration', durationOf],
  ['duration', '(int) duration', (a: bigint) => new Duration(a)],
]);
