import type { GroupResource, KubeObject, Quantity } from '@drydock/base/apimachinery';
import type { ScopedResourceSelectorRequirement } from '../gen/core/v1.ts';

/** What the objects of one resource cost against quotas (pure; shared by admission and the resourcequota loop). */
export interface QuotaEvaluator {
  readonly resource: GroupResource;
  /** The quota names among `names` that this resource counts against. */
  matching(names: readonly string[]): string[];
  /** Everything that an object uses, whatever a quota asks about. */
  usage(object: KubeObject, nowMs: number): Map<string, Quantity>;
  /** Whether an object is in a scope. */
  inScope(object: KubeObject, scope: ScopedResourceSelectorRequirement): boolean;
}

/** The name under which `count/…` quotas know a resource. */
export function countName({ group, resource }: GroupResource): string {
  return group === '' ? `count/${resource}` : `count/${resource}.${group}`;
}
