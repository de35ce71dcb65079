import { byteLength } from '@drydock/base/apimachinery';
import { isList, MapView, ObjectView, Opaque, type Value } from './values.ts';

const traversal = 0.1;
const perRegexChar = 0.25;

/** Elements, bytes or characters. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof MapView) return value.size;
  if (value instanceof ObjectView) return value.names().length;
  if (value instanceof Opaque) return value.type === 'net.IP' ? 16 : byteLength(String(value));
  if (value !== null && isList(value)) return value.length;
  return 1;
}

function traversalCost(value: Value): number {
  if (typeof value === 'string') return byteLength(value) * traversal;
  if (value !== null && isList(value))
    return value.reduce<number>((sum, item) => sum + traversalCost(item), 0);
  if (value instanceof MapView)
    return value
      .keys()
      .reduce<number>((sum, key) => sum + traversalCost(key) + traversalCost(value.get(key)!), 0);
  return 1;
}

const scan = (value: Value, times = 1): number => Math.ceil(sizeOf(value) * times * traversal);

/** What one call costs besides its arguments. */
export function callCost(name: string, args: readonly Value[], result: Value): number {
  const [a = null, b = null] = args;
  switch (name) {
    case 'startsWith':
    case 'endsWith':
      return scan(b);
    case 'contains':
      return typeof a === 'string' ? scan(a) * scan(b) : 1;
    case 'matches':
    case 'find':
    case 'findAll':
      return Math.ceil((1 + sizeOf(a)) * traversal) * Math.ceil(sizeOf(b) * perRegexChar);
    case '_+_':
      return typeof a === 'string' || a instanceof Uint8Array
        ? Math.ceil((sizeOf(a) + sizeOf(b)) * traversal)
        : 1;
    case '_==_':
    case '_!=_':
      if (a instanceof Opaque) return 1;
      return Math.max(1, Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * traversal));
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return typeof a === 'string' ? Math.max(1, Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * traversal)) : 1;
    case '@in':
      return b !== null && isList(b) ? Math.max(1, b.length) : 1;
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
    case 'includes':
      return Math.floor(traversalCost(a));
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
    case 'bytes':
    case 'string':
      return Math.max(1, scan(a));
    case 'ip':
      return a instanceof Opaque ? 1 : scan(a);
    case 'replace':
    case 'split':
    case 'ip.isCanonical':
      return scan(a, 2);
    case 'join':
      return scan(result, 2);
    case 'containsIP':
    case 'containsCIDR':
      return Math.max(1, scan(a, 2) + scan(b));
    case 'sets.contains':
    case 'sets.equivalent':
    case 'sets.intersects':
      return Math.max(1, sizeOf(a) * sizeOf(b));
    // So dear that an expression can afford two of them.
    case 'check':
      return 350_000;
    case 'jsonpatch.escapeKey':
      return scan(a);
    default:
      return 1;
  }
}
