import { library, type Library } from '../library.ts';
import { CelError, Opaque } from '../values.ts';

const semverType = 'kubernetes.Semver';

interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  readonly build: string;
}

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

function parse(text: string): Version | undefined {
  const [all, major, minor, patch, pre = '', build = ''] = pattern.exec(text) ?? [];
  if (all === undefined) return undefined;
  const parts = pre === '' ? [] : pre.split('.');
  if (parts.some((part) => /^0\d+$/.test(part))) return undefined;
  return { numbers: [BigInt(major!), BigInt(minor!), BigInt(patch!)], pre: parts, build };
}

/** `v1.2` as `1.2.0`: the prefix, leading zeros and missing parts are seen to. */
function normalize(text: string): string {
  const [head = '', ...rest] = text
    .trim()
    .replace(/^v/, '')
    .split(/(?=[-+])/);
  const parts = head.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest.join('');
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length === 0 ? 0 : a.length === 0 ? 1 : -1;
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [x, y] = [a[at], b[at]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    if (x === y) continue;
    const [numericX, numericY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numericX && numericY) return BigInt(x) < BigInt(y) ? -1 : 1;
    if (numericX !== numericY) return numericX ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}

function compare(a: Version, b: Version): number {
  for (let at = 0; at < 3; at++)
    if (a.numbers[at] !== b.numbers[at]) return a.numbers[at]! < b.numbers[at]! ? -1 : 1;
  return comparePre(a.pre, b.pre);
}

function print({ numbers, pre, build }: Version): string {
  return `${numbers.join('.')}${pre.length === 0 ? '' : `-${pre.join('.')}`}${build === '' ? '' : `+${build}`}`;
}

/** A version as expressions see it. Throws a CelError where the text is none. */
export function semver(text: string, lenient = false): Opaque {
  const version = parse(lenient ? normalize(text) : text);
  if (version === undefined) throw new CelError(`invalid semver ${JSON.stringify(text)}`);
  return new Opaque(
    semverType,
    version,
    (other) => compare(version, other as Version) === 0,
    () => print(version),
  );
}

const read = (value: Opaque): Version => value.content as Version;
const own = (parameters: string, result: string): string => `${semverType}.(${parameters}) ${result}`;

/** Versions as in Semantic Versioning 2.0. */
export const semverLibrary: Library = library([
  ['semver', `(string) ${semverType}`, (text: string) => semver(text)],
  ['semver', `(string, bool) ${semverType}`, semver],
  ['isSemver', '(string) bool', (text: string) => parse(text) !== undefined],
  [
    'isSemver',
    '(string, bool) bool',
    (text: string, lenient: boolean) => parse(lenient ? normalize(text) : text) !== undefined,
  ],
  ['major', own('', 'int'), (a: Opaque) => read(a).numbers[0]],
  ['minor', own('', 'int'), (a: Opaque) => read(a).numbers[1]],
  ['patch', own('', 'int'), (a: Opaque) => read(a).numbers[2]],
  ['isGreaterThan', own(semverType, 'bool'), (a: Opaque, b: Opaque) => compare(read(a), read(b)) > 0],
  ['isLessThan', own(semverType, 'bool'), (a: Opaque, b: Opaque) => compare(read(a), read(b)) < 0],
  ['compareTo', own(semverType, 'int'), (a: Opaque, b: Opaque) => BigInt(compare(read(a), read(b)))],
]);
