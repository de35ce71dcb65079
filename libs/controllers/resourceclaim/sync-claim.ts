import { Pod } from '@drydock/api/core/v1';
import { claimFinalizer, isPodDone } from '@drydock/api/resource-claims';
import { ResourceClaim, type ResourceClaimConsumerReference } from '@drydock/api/resource/v1';
import { controllerOf, isNotFound, joinKey } from '@drydock/base/apimachinery';
import type { ControllerDeps } from '@drydock/machinery/controller';
import type { Informer } from '@drydock/machinery/informer';

export interface SyncClaimOptions {
  readonly deps: ControllerDeps;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<ResourceClaim>;
  /** Whether a Pod was there and is gone, by its uid. */
  wasDeleted(uid: string): boolean;
}

const isAllocated = ({ status }: ResourceClaim) => status?.allocation !== undefined;

/**
 * Brings a claim up to date with the Pods that use it: the last that goes gives the devices back, and a claim that was
 * made for a Pod goes when that one has ended.
 */
export function createClaimSync({ deps, pods, claims, wasDeleted }: SyncClaimOptions) {
  const { client } = deps;

  async function isGone({ name, uid }: ResourceClaimConsumerReference, namespace: string): Promise<boolean> {
    if (wasDeleted(uid)) return true;
    const known = pods.get(joinKey(namespace, name));
    if (known !== undefined) return known.metadata.uid !== uid || isPodDone(known);
    // It may not have been seen yet: taking a claim from a Pod that comes would be bad.
    try {
      return (await client.resource(Pod).namespace(namespace).get(name)).metadata.uid !== uid;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  /** Those that still use the claim. */
  async function stillUsing(claim: ResourceClaim): Promise<ResourceClaimConsumerReference[]> {
    const users: ResourceClaimConsumerReference[] = [];
    for (const user of claim.status?.reservedFor ?? []) {
      if ((user.apiGroup ?? '') !== '' || user.resource !== 'pods')
        throw new Error(`unsupported ReservedFor entry: ${JSON.stringify(user)}`);
      if (!(await isGone(user, claim.metadata.namespace ?? ''))) users.push(user);
    }
    return users;
  }

  const protectedBy = ({ metadata }: ResourceClaim) => metadata.finalizers?.includes(claimFinalizer) === true;

  async function unprotect(claim: ResourceClaim): Promise<void> {
    const { namespace = '', finalizers = [] } = claim.metadata;
    await client
      .resource(ResourceClaim)
      .namespace(namespace)
      .update({
        ...claim,
        metadata: { ...claim.metadata, finalizers: finalizers.filter((one) => one !== claimFinalizer) },
      });
  }

  async function writeStatus(
    claim: ResourceClaim,
    users: readonly ResourceClaimConsumerReference[],
    keepDevices: boolean,
  ): Promise<ResourceClaim> {
    const { allocation, devices, reservedFor: _users, ...rest } = claim.status ?? {};
    return client
      .resource(ResourceClaim)
      .namespace(claim.metadata.namespace ?? '')
      .updateStatus({
        ...claim,
        status: {
          ...rest,
          ...(keepDevices && allocation !== undefined ? { allocation } : {}),
          ...(keepDevices && devices !== undefined ? { devices } : {}),
          ...(users.length > 0 ? { reservedFor: [...users] } : {}),
        },
      });
  }

  /** Takes away the users that are gone; with the last one the devices. */
  async function release(
    claim: ResourceClaim,
    users: readonly ResourceClaimConsumerReference[],
  ): Promise<void> {
    if (users.length < (claim.status?.reservedFor?.length ?? 0)) {
      const written = await writeStatus(claim, users, users.length > 0 || !protectedBy(claim));
      if (protectedBy(written) && !isAllocated(written)) await unprotect(written);
      return;
    }
    if (users.length > 0 || !protectedBy(claim) || claim.metadata.deletionTimestamp === undefined) return;
    await unprotect(isAllocated(claim) ? await writeStatus(claim, [], false) : claim);
  }

  /** A claim that was made for a Pod that will not run any more goes with it, though the Pod may stay for long. */
  async function removeUnused(claim: ResourceClaim): Promise<void> {
    const { namespace = '', name = '', uid } = claim.metadata;
    const owner = controllerOf(claim);
    if (owner?.apiVersion !== 'v1' || owner.kind !== 'Pod') return;
    const pod = pods.get(joinKey(namespace, owner.name));
    // One that is not known may not have been seen yet; the garbage collector sees to those that are gone.
    if (pod === undefined || (pod.metadata.uid === owner.uid && !isPodDone(pod))) return;
    try {
      const options = uid === undefined ? {} : { preconditions: { uid } };
      await client.resource(ResourceClaim).namespace(namespace).delete(name, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return async (key: string): Promise<void> => {
    const claim = claims.get(key);
    if (claim === undefined) return;
    const users = await stillUsing(claim);
    try {
      await release(claim, users);
    } catch (error) {
      // It went with its last finalizer.
      if (isNotFound(error)) return;
      throw error;
    }
    if (users.length === 0) await removeUnused(claim);
  };
}
