import { controllerOf } from '@drydock/base/apimachinery';
import type { Pod, PodResourceClaim } from '../gen/core/v1.ts';
import type { ResourceClaim } from '../gen/resource/v1.ts';

/** Keeps an allocated claim from being removed before its devices are given back. */
export const claimFinalizer = 'resource.kubernetes.io/delete-protection';

/** On a generated claim: the name of the entry of the Pod's spec that it was made for. */
export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name';

/** How many may share one claim. */
export const maxConsumers = 256;

/** Which ResourceClaim stands behind an entry of a Pod's spec. */
export type PodClaimName =
  /** `owned`: it was made for the Pod, and must be its. Without a name, none is needed. */
  | { readonly name?: string; readonly owned: boolean }
  /** It is not known yet, in Kubernetes' words. `unknown`: nothing that is known says which. */
  | { readonly problem: string; readonly unknown: boolean };

const named = ({ metadata }: Pick<Pod, 'metadata'>) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

/** Looks a Pod's claim up by what its spec says, or by what its status says of a generated one. */
export function claimNameOf(pod: Pod, claim: PodResourceClaim): PodClaimName {
  if (claim.resourceClaimName !== undefined) return { name: claim.resourceClaimName, owned: false };
  if (claim.resourceClaimTemplateName === undefined)
    return {
      problem: `pod "${named(pod)}", spec.resourceClaim "${claim.name}": none of the supported fields are set`,
      unknown: true,
    };
  const status = pod.status?.resourceClaimStatuses?.find(({ name }) => name === claim.name);
  if (status === undefined)
    return { problem: `pod "${named(pod)}": ResourceClaim not created yet`, unknown: false };
  return status.resourceClaimName === undefined
    ? { owned: true }
    : { name: status.resourceClaimName, owned: true };
}

/** Why a claim is not the Pod's own; undefined where it is. */
export function ownershipProblem(pod: Pod, claim: ResourceClaim): string | undefined {
  const mine = claim.metadata.namespace === pod.metadata.namespace && isControlledBy(claim, pod);
  return mine
    ? undefined
    : `ResourceClaim ${named(claim)} was not created for Pod ${named(pod)} (Pod is not owner)`;
}

function isControlledBy(claim: ResourceClaim, pod: Pod): boolean {
  return controllerOf(claim)?.uid === pod.metadata.uid;
}

export function isReservedFor(pod: Pod, claim: ResourceClaim): boolean {
  return claim.status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) === true;
}

/** Whether there is room for one more consumer. */
export function canBeReserved(claim: ResourceClaim): boolean {
  return (claim.status?.reservedFor?.length ?? 0) < maxConsumers;
}

/** None of the Pod's containers run, nor ever will. */
export function isPodDone(pod: Pod): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return true;
  return pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName;
}
