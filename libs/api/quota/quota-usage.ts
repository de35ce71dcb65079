import { parseQuantity, type KubeObject, type Quantity } from '@drydock/base/apimachinery';
import type { ResourceQuotaSpec } from '../gen/core/v1.ts';
import type { QuotaEvaluator } from './evaluator.ts';
import { addAmounts, maskAmounts } from './resource-amounts.ts';
import { scopesOf } from './scopes.ts';

/** Whether a quota says anything about an object: it is in all scopes, and of a kind that the quota limits. */
export function quotaConcerns(
  spec: ResourceQuotaSpec | undefined,
  evaluator: QuotaEvaluator,
  object: KubeObject,
): boolean {
  return (
    evaluator.matching(Object.keys(spec?.hard ?? {})).length > 0 &&
    scopesOf(spec).every((scope) => evaluator.inScope(object, scope))
  );
}

/**
 * What the objects of a namespace use of what a quota limits: a value for each of its names that some evaluator knows.
 * `objects` is asked for those resources alone that matter to the quota.
 */
export function quotaUsage(
  spec: ResourceQuotaSpec | undefined,
  evaluators: readonly QuotaEvaluator[],
  objects: (evaluator: QuotaEvaluator) => Iterable<KubeObject>,
  nowMs: number,
): Map<string, Quantity> {
  const names = Object.keys(spec?.hard ?? {});
  const scopes = scopesOf(spec);
  const used = new Map<string, Quantity>();
  for (const evaluator of evaluators) {
    const counted = evaluator.matching(names);
    if (counted.length === 0) continue;
    for (const name of counted) if (!used.has(name)) used.set(name, parseQuantity('0'));
    for (const object of objects(evaluator)) {
      if (!scopes.every((scope) => evaluator.inScope(object, scope))) continue;
      addAmounts(used, maskAmounts(evaluator.usage(object, nowMs), counted));
    }
  }
  return used;
}
