import type { SuccessPolicy } from '@drydock/api/batch/v1';
import { parseIndexes } from './indexes.ts';

/** The message of the first rule that the succeeded indexes meet; undefined when none is. */
export function matchSuccessPolicy(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: ReadonlySet<number>,
): string | undefined {
  const met = policy?.rules.findIndex((rule) => {
    const { succeededCount, succeededIndexes } = rule;
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && succeeded.size >= succeededCount;
    const wanted = parseIndexes(succeededIndexes, completions);
    if (wanted.size === 0) return false;
    let done = 0;
    for (const index of wanted) if (succeeded.has(index)) done++;
    return done >= (succeededCount ?? wanted.size);
  });
  return met === undefined || met < 0 ? undefined : `Matched rules at index ${met}`;
}
