import type { NamespaceCondition } from '@drydock/api/core/v1';

/** What is left in a namespace that is being deleted. */
export interface Remains {
  /** Objects left, by resource. */
  readonly counts: Map<string, number>;
  /** Objects that wait for a finalizer, by finalizer. */
  readonly finalizers: Map<string, number>;
  readonly failures: string[];
  /** Group versions of which nobody can tell what they hold: their server is not there. */
  readonly undiscovered?: readonly string[];
}

type Told = Pick<NamespaceCondition, 'type' | 'reason' | 'message'> & { readonly holds: boolean };

function list(counts: Map<string, number>, words: (key: string, count: number) => string): string {
  const texts = [...counts].filter(([, count]) => count > 0).map(([key, count]) => words(key, count));
  return texts.sort().join(', ');
}

function told({ counts, finalizers, failures, undiscovered = [] }: Remains): Told[] {
  const stale = [...undiscovered].sort().map((one) => `${one}: stale GroupVersion discovery: ${one}`);
  return [
    stale.length > 0
      ? {
          type: 'NamespaceDeletionDiscoveryFailure',
          holds: true,
          reason: 'DiscoveryFailed',
          message: `Discovery failed for some groups, ${stale.length} failing: unable to retrieve the complete list of server APIs: ${stale.join(', ')}`,
        }
      : {
          type: 'NamespaceDeletionDiscoveryFailure',
          holds: false,
          reason: 'ResourcesDiscovered',
          message: 'All resources successfully discovered',
        },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      holds: false,
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failures.length > 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          holds: true,
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`,
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          holds: false,
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        },
    counts.size > 0
      ? {
          type: 'NamespaceContentRemaining',
          holds: true,
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${list(counts, (key, count) => `${key} has ${count} resource instances`)}`,
        }
      : {
          type: 'NamespaceContentRemaining',
          holds: false,
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        },
    finalizers.size > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          holds: true,
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${list(finalizers, (key, count) => `${key} in ${count} resource instances`)}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          holds: false,
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ];
}

/** The conditions that tell how far the deletion is, in Kubernetes' words; those of others stay as they are. */
export function deletionConditions(
  remains: Remains,
  previous: readonly NamespaceCondition[] | undefined,
  now: string,
): NamespaceCondition[] {
  const conditions = [...(previous ?? [])];
  for (const { type, holds, reason, message } of told(remains)) {
    const status = holds ? 'True' : 'False';
    const at = conditions.findIndex((condition) => condition.type === type);
    const before = conditions[at];
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    conditions[at < 0 ? conditions.length : at] = { type, status, reason, message, lastTransitionTime };
  }
  return conditions;
}
