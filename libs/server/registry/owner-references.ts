import type { KubeObject, OwnerReference } from '@drydock/base/apimachinery';
import { deepEqual } from '@drydock/base/apimachinery';
import type { Scope } from './environment.ts';

/**
 * Drops owner references that an object has twice, and warns of them as Kubernetes does.
 * @param admitted whether mutating admission has been asked already: a patch is looked at only then
 */
export function dropRepeatedOwners({ metadata }: KubeObject, scope: Scope, admitted: boolean): void {
  const { ownerReferences } = metadata;
  if (ownerReferences === undefined || ownerReferences.length < 2) return;
  const kept: OwnerReference[] = [];
  const repeated: string[] = [];
  for (const one of ownerReferences) {
    if (kept.some((other) => other.uid === one.uid && deepEqual(other, one))) repeated.push(one.uid);
    else kept.push(one);
  }
  if (repeated.length === 0) return;
  metadata.ownerReferences = kept;
  const when = admitted ? ' after mutating admission happens' : '';
  scope.warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}
