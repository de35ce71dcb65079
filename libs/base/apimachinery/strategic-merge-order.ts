import { isJsonObject } from './json-value.ts';

/** What identifies an element: the element itself, or the value of its merge key. */
function identity(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item;
  return isJsonObject(item) && Object.hasOwn(item, mergeKey) ? item[mergeKey] : undefined;
}

/** Positions by identity, the first one where several are equal. */
function positions(list: readonly unknown[], mergeKey: string): ReadonlyMap<unknown, number> {
  const result = new Map<unknown, number>();
  list.forEach((item, index) => {
    const key = identity(item, mergeKey);
    if (!result.has(key)) result.set(key, index);
  });
  return result;
}

/** Elements the patch speaks of, and those that only the server has. */
export interface Partition<T> {
  readonly named: T[];
  readonly others: T[];
}

/** Splits `list` by whether `by` has an element with the same identity. */
export function partition<T>(list: readonly T[], by: readonly unknown[], mergeKey: string): Partition<T> {
  const known = positions(by, mergeKey);
  const named: T[] = [];
  const others: T[] = [];
  for (const item of list) (known.has(identity(item, mergeKey)) ? named : others).push(item);
  return { named, others };
}

/** The union of two lists of scalars, each value once. */
export function mergeScalars(original: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...new Set([...original, ...patch])];
}

function sortBy<T>(list: readonly T[], order: ReadonlyMap<unknown, number>, mergeKey: string): T[] {
  const end = order.size;
  const rank = (item: T): number => order.get(identity(item, mergeKey)) ?? end;
  return list.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Weaves both parts into one list: the named ones keep `wantedOrder`, the others keep `serverOrder`, and one of the
 * others goes before a named one only where the server had it so.
 */
export function arrange<T>(
  { named, others }: Partition<T>,
  wantedOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): T[] {
  const server = positions(serverOrder, mergeKey);
  const left = sortBy(others, server, mergeKey);
  const right = sortBy(named, positions(wantedOrder, mergeKey), mergeKey);
  const result: T[] = [];
  let next = 0;
  for (const item of right) {
    const place = server.get(identity(item, mergeKey));
    for (; next < left.length; next += 1) {
      const candidate = left[next] as T;
      const candidatePlace = server.get(identity(candidate, mergeKey));
      if (place === undefined || candidatePlace === undefined || candidatePlace >= place) break;
      result.push(candidate);
    }
    result.push(item);
  }
  return result.concat(left.slice(next));
}
