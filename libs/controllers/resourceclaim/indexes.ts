import type { Pod } from '@drydock/api/core/v1';
import { claimNameOf } from '@drydock/api/resource-claims';
import type { ResourceClaim } from '@drydock/api/resource/v1';
import { controllerOf, joinKey } from '@drydock/base/apimachinery';

/** Pods by the `namespace/name` of the claims that they use, as far as these are known. */
export const byClaim = {
  name: 'resource-claim',
  values(pod: Pod): string[] {
    const names = (pod.spec?.resourceClaims ?? []).map((entry) => {
      const named = claimNameOf(pod, entry);
      return 'problem' in named ? undefined : named.name;
    });
    return [...names, pod.status?.extendedResourceClaimStatus?.resourceClaimName].flatMap((name) =>
      name === undefined ? [] : [joinKey(pod.metadata.namespace, name)],
    );
  },
};

/** Claims by the uid of the Pod that they were made for. */
export const byPod = {
  name: 'pod-owner',
  values: (claim: ResourceClaim): string[] => {
    const owner = controllerOf(claim);
    return owner?.apiVersion === 'v1' && owner.kind === 'Pod' ? [owner.uid] : [];
  },
};
