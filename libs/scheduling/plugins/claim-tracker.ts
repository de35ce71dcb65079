import type { Pod } from '@drydock/api/core/v1';
import type { AllocationResult, ResourceClaim } from '@drydock/api/resource/v1';
import { claimNameOf, ownershipProblem } from '@drydock/api/resource-claims';
import type { Listers } from './listers.ts';

/**
 * Claims as the scheduler has decided them, which is ahead of what events have shown: allocations on their way to be
 * written, and what was written but not seen yet.
 */
export interface ClaimTracker {
  get(namespace: string, name: string): ResourceClaim | undefined;
  /** All claims, with the allocations that are on their way. */
  all(): ResourceClaim[];
  isPending(claim: ResourceClaim): boolean;
  /** An allocation is about to be written: nobody else may have its devices. */
  pend(claim: ResourceClaim, allocation: AllocationResult): void;
  /** It was written, as `written`; or it will not be. */
  settle(claim: ResourceClaim, written?: ResourceClaim): void;
  /** A claim was made that events have not shown yet. */
  created(claim: ResourceClaim): void;
  /** It is taken back. */
  dropped(claim: ResourceClaim): void;
}

const keyOf = ({ metadata }: ResourceClaim) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
const versionOf = ({ metadata }: ResourceClaim) => Number(metadata.resourceVersion ?? 0);

export function createClaimTracker(listers: Pick<Listers, 'resourceClaim' | 'resourceClaims'>): ClaimTracker {
  /** By uid. */
  const pending = new Map<string, ResourceClaim>();
  /** By `namespace/name`. */
  const written = new Map<string, ResourceClaim>();
  const made = new Map<string, ResourceClaim>();

  function newest(seen: ResourceClaim): ResourceClaim {
    const key = keyOf(seen);
    const ours = written.get(key);
    if (ours === undefined) return seen;
    if (seen.metadata.uid === ours.metadata.uid && versionOf(seen) < versionOf(ours)) return ours;
    written.delete(key);
    return seen;
  }

  return {
    get(namespace, name) {
      const seen = listers.resourceClaim(namespace, name);
      if (seen !== undefined) return newest(seen);
      written.delete(`${namespace}/${name}`);
      return made.get(`${namespace}/${name}`);
    },
    all() {
      const seen = listers.resourceClaims();
      for (const [key, { metadata }] of made)
        if (listers.resourceClaim(metadata.namespace ?? '', metadata.name ?? '') !== undefined)
          made.delete(key);
      const known = pending.size === 0 ? undefined : new Set(seen.map(({ metadata }) => metadata.uid));
      const unseen = [...pending.values()].filter(({ metadata }) => known?.has(metadata.uid) === false);
      return [
        ...seen.map((claim) => pending.get(claim.metadata.uid ?? '') ?? newest(claim)),
        ...unseen,
        ...made.values(),
      ];
    },
    isPending: ({ metadata }) => pending.has(metadata.uid ?? ''),
    pend(claim, allocation) {
      pending.set(claim.metadata.uid ?? '', { ...claim, status: { ...claim.status, allocation } });
    },
    settle(claim, result) {
      pending.delete(claim.metadata.uid ?? '');
      if (result !== undefined) written.set(keyOf(result), result);
    },
    created: (claim) => void made.set(keyOf(claim), claim),
    dropped(claim) {
      made.delete(keyOf(claim));
      written.delete(keyOf(claim));
    },
  };
}

/** The claims of a Pod, each once; or in kube-scheduler's words why it has to wait for them. */
export function claimsOfPod(pod: Pod, claims: Pick<ClaimTracker, 'get'>): ResourceClaim[] | string {
  const found = new Map<string, ResourceClaim>();
  for (const entry of pod.spec?.resourceClaims ?? []) {
    const named = claimNameOf(pod, entry);
    if ('problem' in named) return named.problem;
    if (named.name === undefined) continue;
    const claim = claims.get(pod.metadata.namespace ?? '', named.name);
    if (claim === undefined) return `resourceclaim.resource.k8s.io ${JSON.stringify(named.name)} not found`;
    if (claim.metadata.deletionTimestamp !== undefined)
      return `resourceclaim ${JSON.stringify(named.name)} is being deleted`;
    const problem = named.owned ? ownershipProblem(pod, claim) : undefined;
    if (problem !== undefined) return problem;
    found.set(claim.metadata.uid ?? '', claim);
  }
  return [...found.values()];
}
