import type { Filter } from './filter.ts';
import type { ResourceCache, Tree } from './resource-cache.ts';
import type { StoredItem } from './stored-object.ts';

/** The end of a scan over everything: greater than any key. */
const beyondAll = '\u{10ffff}';

function bounds(namespace: string | undefined, start: string | undefined): [low: string, high: string] {
  if (namespace === undefined) return [start ?? '', beyondAll];
  const low = `${namespace}/`;
  // '0' follows '/' in ASCII.
  return [start !== undefined && start > low ? start : low, `${namespace}0`];
}

/** How many keys there are from `start` on. */
export function countRange(tree: Tree, namespace: string | undefined, start: string | undefined): number {
  if (namespace === undefined && start === undefined) return tree.size;
  const [low, high] = bounds(namespace, start);
  return tree.forRange(low, high, false) as number;
}

/**
 * The items that a filter wants, in key order, from `start` on; at most `limit` when that is not 0.
 * `next` is the key of the first one left out. `present` is given when the tree is the resource's present state,
 * which has indexes.
 */
export function collect(
  tree: Tree,
  present: ResourceCache | undefined,
  filter: Filter,
  start: string | undefined,
  limit: number,
): { items: StoredItem[]; next: string | undefined } {
  const { namespace, key, indexed, matches } = filter;
  if (
    limit <= 0 &&
    start === undefined &&
    key === undefined &&
    namespace === undefined &&
    matches === undefined
  ) {
    return { items: tree.valuesArray(), next: undefined };
  }
  const items: StoredItem[] = [];
  let next: string | undefined;
  /** False when the scan may stop. */
  const take = (item: StoredItem): boolean => {
    if (matches !== undefined && !matches(item)) return true;
    if (limit > 0 && items.length >= limit) {
      next = item.key;
      return false;
    }
    items.push(item);
    return true;
  };
  if (key !== undefined) {
    const item = tree.get(key);
    if (item !== undefined && (start === undefined || key >= start)) take(item);
  } else if (indexed !== undefined && present !== undefined) {
    for (const candidate of present.keysByIndex(indexed.field, indexed.value)) {
      if (start !== undefined && candidate < start) continue;
      if (namespace !== undefined && !candidate.startsWith(`${namespace}/`)) continue;
      if (!take(present.get(candidate)!)) break;
    }
  } else {
    const [low, high] = bounds(namespace, start);
    tree.forRange(low, high, false, (_key, item) => (take(item) ? undefined : { break: 0 }));
  }
  return { items, next };
}
