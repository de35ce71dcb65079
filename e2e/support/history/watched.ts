import type { History, WatchedChange } from './history.ts';

const same = (a: WatchedChange, b: WatchedChange): boolean =>
  a.type === b.type && a.key === b.key && a.value === b.value;

/**
 * Checks watches against each other and against what was acknowledged and listed: within what it covers, each watch has
 * every committed change, once, in order, and all tell the same. Answers complaints; none is what is hoped for.
 */
export function checkWatches(history: History): string[] {
  const complaints: string[] = [];
  const committed = new Map<number, WatchedChange>();
  for (const { name, from, changes } of history.watches) {
    let last = from;
    for (const change of changes) {
      const { revision, key } = change;
      if (revision === last) complaints.push(`${name}: ${key} at ${revision} came twice`);
      else if (revision < last) complaints.push(`${name}: ${key} at ${revision} came after ${last}`);
      last = Math.max(last, revision);
      const told = committed.get(revision);
      if (told === undefined) committed.set(revision, change);
      else if (!same(told, change))
        complaints.push(
          `${name}: revision ${revision} is ${JSON.stringify(change)}, elsewhere ${JSON.stringify(told)}`,
        );
    }
  }
  for (const { key, request, outcome } of history.operations) {
    if (outcome.kind !== 'written' || outcome.revision === undefined || request.kind === 'get') continue;
    const change: WatchedChange =
      request.kind === 'delete'
        ? { type: 'delete', key, revision: outcome.revision }
        : { type: 'put', key, revision: outcome.revision, value: request.value };
    const told = committed.get(outcome.revision);
    if (told === undefined) committed.set(outcome.revision, change);
    else if (!same(told, change))
      complaints.push(
        `revision ${outcome.revision} was acknowledged as ${JSON.stringify(change)}, watched as ${JSON.stringify(told)}`,
      );
  }
  const ordered = [...committed.values()].toSorted((a, b) => a.revision - b.revision);
  for (const { name, from, changes } of history.watches) {
    const until = Math.max(from, ...changes.map(({ revision }) => revision));
    const seen = new Set(changes.map(({ revision }) => revision));
    for (const { revision, key, type } of ordered) {
      if (revision > from && revision <= until && !seen.has(revision))
        complaints.push(`${name}: ${type} of ${key} at ${revision} is missing`);
    }
  }
  return [...complaints, ...checkListings(history, ordered)];
}

/** A list is what the changes up to its revision leave; checked from the first list on. */
function checkListings(history: History, ordered: readonly WatchedChange[]): string[] {
  const complaints: string[] = [];
  const [first, ...later] = history.listings.toSorted((a, b) => a.revision - b.revision);
  if (first === undefined) return [];
  // Only what a watch covers from the first list on is known to be whole.
  const covering = history.watches.filter(({ from }) => from <= first.revision);
  const until = Math.max(0, ...covering.flatMap(({ changes }) => changes.map(({ revision }) => revision)));
  const state = new Map([...first.held].map(([key, { value }]) => [key, value]));
  let at = ordered.findIndex(({ revision }) => revision > first.revision);
  if (at < 0) at = ordered.length;
  for (const { revision, held } of later) {
    if (revision > until) break;
    for (; at < ordered.length && ordered[at]!.revision <= revision; at++) {
      const { type, key, value = '' } = ordered[at]!;
      if (type === 'delete') state.delete(key);
      else state.set(key, value);
    }
    for (const key of new Set([...state.keys(), ...held.keys()])) {
      if (state.get(key) !== held.get(key)?.value)
        complaints.push(
          `list at ${revision}: ${key} is ${held.get(key)?.value ?? 'absent'}, the changes make it ${state.get(key) ?? 'absent'}`,
        );
    }
  }
  return complaints;
}
