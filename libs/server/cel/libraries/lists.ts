import { library, type Library } from '../library.ts';
import {
  CelError,
  compare,
  Duration,
  equals,
  isList,
  MapView,
  none,
  Optional,
  Uint,
  type Value,
} from '../values.ts';

type List = readonly Value[];

function isSorted(list: List): boolean {
  return list.every((item, at) => at === 0 || (compare(list[at - 1]!, item) ?? 0) <= 0);
}

function extreme(list: List, sign: 1 | -1, name: string): Value {
  const [first, ...others] = list;
  if (first === undefined) throw new CelError(`${name} called on empty list`);
  return others.reduce<Value>((best, item) => (sign * (compare(item, best) ?? 0) > 0 ? item : best), first);
}

const maxInt = 2n ** 63n - 1n;

function sum(list: List, zero: Value): Value {
  return list.reduce<Value>((total, item) => {
    if (typeof total === 'bigint' && typeof item === 'bigint') {
      const made = total + item;
      if (made > maxInt || made < -maxInt - 1n) throw new CelError('integer overflow');
      return made;
    }
    if (typeof total === 'number' && typeof item === 'number') return total + item;
    if (total instanceof Uint && item instanceof Uint) return new Uint(total.value + item.value);
    if (total instanceof Duration && item instanceof Duration) return new Duration(total.nanos + item.nanos);
    throw new CelError('no such overload: sum');
  }, zero);
}

function slice(list: List, start: bigint, end: bigint): Value {
  if (start < 0n || end < 0n)
    throw new CelError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end)
    throw new CelError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (BigInt(list.length) < end)
    throw new CelError(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}

function flatten(list: List, depth: bigint): Value[] {
  if (depth < 0n) throw new CelError('level must be non-negative');
  return list.flatMap((item) =>
    item !== null && isList(item) && depth > 0n ? flatten(item, depth - 1n) : [item],
  );
}

function sort(list: List): Value {
  return [...list].sort((a, b) => compare(a, b) ?? 0);
}

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const zeros: Readonly<Record<string, Value>> = {
  int: 0n,
  uint: new Uint(0n),
  double: 0,
  duration: new Duration(0n),
};

/** What Kubernetes, and CEL's own extension, can do with lists. */
export const listsLibrary: Library = library([
  ...comparable.flatMap((type) => [
    ['isSorted', `list(${type}).() bool`, isSorted] as const,
    ['max', `list(${type}).() ${type}`, (list: List) => extreme(list, 1, 'max')] as const,
    ['min', `list(${type}).() ${type}`, (list: List) => extreme(list, -1, 'min')] as const,
    ['sort', `list(${type}).() list(${type})`, sort] as const,
  ]),
  ...Object.entries(zeros).map(
    ([type, zero]) =>
      [
        'sum',
        `list(${type}).() ${type}`,
        (list: List) => sum(list, list.length > 0 ? zeroLike(list[0]!) : zero),
      ] as const,
  ),
  [
    'indexOf',
    'list(A).(A) int',
    (list: List, item: Value) => BigInt(list.findIndex((one) => equals(one, item))),
  ],
  [
    'lastIndexOf',
    'list(A).(A) int',
    (list: List, item: Value) => BigInt(list.findLastIndex((one) => equals(one, item))),
  ],
  ['includes', 'list(A).(A) bool', (list: List, item: Value) => list.some((one) => equals(one, item))],
  ['slice', 'list(A).(int, int) list(A)', slice],
  ['flatten', 'list(A).() list(dyn)', (list: List) => flatten(list, 1n)],
  ['flatten', 'list(A).(int) list(dyn)', flatten],
  ['reverse', 'list(A).() list(A)', (list: List) => [...list].reverse()],
  [
    'distinct',
    'list(A).() list(A)',
    (list: List) => list.filter((item, at) => list.findIndex((one) => equals(one, item)) === at),
  ],
  ['first', 'list(A).() optional(A)', (list: List) => optional(list[0])],
  ['last', 'list(A).() optional(A)', (list: List) => optional(list.at(-1))],
  [
    'lists.range',
    '(int) list(int)',
    (count: bigint) => {
      if (count > 1_000_000n) throw new CelError('lists.range limit exceeded');
      return Array.from({ length: Number(count < 0n ? 0n : count) }, (_none, at) => BigInt(at));
    },
  ],
  [
    'sets.contains',
    '(list(A), list(A)) bool',
    (a: List, b: List) => b.every((item) => a.some((one) => equals(one, item))),
  ],
  [
    'sets.equivalent',
    '(list(A), list(A)) bool',
    (a: List, b: List) =>
      b.every((item) => a.some((one) => equals(one, item))) &&
      a.every((item) => b.some((one) => equals(one, item))),
  ],
  [
    'sets.intersects',
    '(list(A), list(A)) bool',
    (a: List, b: List) => b.some((item) => a.some((one) => equals(one, item))),
  ],
]);

/** An empty sum is an int; others begin with their own kind of zero. */
function zeroLike(value: Value): Value {
  if (typeof value === 'number') return 0;
  if (value instanceof Uint) return new Uint(0n);
  if (value instanceof Duration) return new Duration(0n);
  if (value instanceof MapView) throw new CelError('no such overload: sum');
  return 0n;
}

function optional(value: Value | undefined): Optional {
  return value === undefined ? none : new Optional(value);
}
