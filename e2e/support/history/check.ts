import type { History, Operation } from './history.ts';
import { checkKey } from './linearizable.ts';
import { checkWatches } from './watched.ts';

/** All that is wrong with a history of keys that did not exist when it began; empty where it is sound. */
export function checkHistory(history: History, maxSteps?: number): string[] {
  const complaints = checkWatches(history);
  const byKey = new Map<string, Operation[]>();
  for (const operation of history.operations) {
    const known = byKey.get(operation.key);
    if (known === undefined) byKey.set(operation.key, [operation]);
    else known.push(operation);
  }
  for (const [key, operations] of byKey) {
    // A list is a read of every key.
    for (const { client, held, invokedAt, returnedAt } of history.listings) {
      const outcome = { kind: 'read', held: held.get(key) } as const;
      operations.push({ client, key, request: { kind: 'get' }, outcome, invokedAt, returnedAt });
    }
    const verdict = checkKey(operations, undefined, maxSteps);
    if (verdict.kind === 'violation') complaints.push(`${key}: ${verdict.explanation}`);
    if (verdict.kind === 'undecided') complaints.push(`${key}: not decided, ${operations.length} operations`);
  }
  return [...complaints, ...checkSession(history)];
}

/** What one client learns one after another never goes back. */
function checkSession({ listings }: History): string[] {
  const complaints: string[] = [];
  const ordered = listings.toSorted((a, b) => a.invokedAt - b.invokedAt);
  for (const later of ordered) {
    const earlier = ordered.find((one) => one.returnedAt < later.invokedAt && one.revision > later.revision);
    if (earlier !== undefined)
      complaints.push(`a list at ${later.revision} came after one at ${earlier.revision}`);
  }
  return complaints;
}
