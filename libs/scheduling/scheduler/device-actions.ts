import { Pod } from '@drydock/api/core/v1';
import { ResourceClaim } from '@drydock/api/resource/v1';
import { claimFinalizer } from '@drydock/api/resource-claims';
import { formatTime, isNotFound } from '@drydock/base/apimachinery';
import { retryOnConflict, type ControllerDeps } from '@drydock/machinery/controller';
import type { DeviceActions } from '../plugins/index.ts';

const named = ({ metadata }: ResourceClaim) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

/** An error in other words; what it was is known to those who ask for its cause. */
async function worded<T>(words: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // A conflict is tried again by whoever meets it.
    const reason = (error as { reason?: unknown }).reason;
    if (reason === 'Conflict') throw error;
    throw new Error(`${words}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Gives devices to Pods through the API. */
export function createDeviceActions(
  { client, informers, clock, logger }: Pick<ControllerDeps, 'client' | 'informers' | 'clock' | 'logger'>,
  event: (pod: Pod, reason: string, message: string) => void,
): DeviceActions {
  const claimsOf = ({ metadata }: ResourceClaim) =>
    client.resource(ResourceClaim).namespace(metadata.namespace ?? '');

  function inBackground(what: string, claim: ResourceClaim, write: Promise<unknown>): void {
    write.catch((err: unknown) => {
      if (!isNotFound(err)) logger.warn(what, { claim: named(claim), err });
    });
  }

  return {
    bindClaim(seen, allocation, pod) {
      const claims = claimsOf(seen);
      const about = named(seen);
      let refresh = false;
      return retryOnConflict(async () => {
        let claim = refresh
          ? await worded(`get updated claim ${about} after conflict`, () =>
              claims.get(seen.metadata.name ?? ''),
            )
          : seen;
        refresh = true;
        if (claim.metadata.deletionTimestamp !== undefined || claim.metadata.uid !== seen.metadata.uid)
          throw new Error(`claim ${about} got deleted in the meantime`);
        let devices = claim.status?.allocation;
        if (allocation !== undefined) {
          if (devices !== undefined)
            throw new Error(`claim ${about} got allocated elsewhere in the meantime`);
          const { finalizers = [] } = claim.metadata;
          if (!finalizers.includes(claimFinalizer)) {
            const protectedClaim: ResourceClaim = {
              ...claim,
              metadata: { ...claim.metadata, finalizers: [...finalizers, claimFinalizer] },
            };
            claim = await worded(`add finalizer to claim ${about}`, () => claims.update(protectedClaim));
          }
          devices = allocation;
        }
        const { name = '', uid = '' } = pod.metadata;
        const used: ResourceClaim = {
          ...claim,
          status: {
            ...claim.status,
            ...(devices === undefined
              ? {}
              : { allocation: { allocationTimestamp: formatTime(clock.now()), ...devices } }),
            reservedFor: [...(claim.status?.reservedFor ?? []), { resource: 'pods', name, uid }],
          },
        };
        return worded(
          `add ${allocation === undefined ? '' : 'allocation and '}reservation to claim ${about}`,
          () => claims.updateStatus(used),
        );
      });
    },
    unreserve(claim, pod) {
      const body = {
        metadata: { uid: claim.metadata.uid },
        status: { reservedFor: [{ $patch: 'delete', uid: pod.metadata.uid }] },
      };
      const options = { subresource: 'status' };
      inBackground(
        'a pod could not give a claim back',
        claim,
        claimsOf(claim).patch(claim.metadata.name ?? '', { type: 'strategic', body }, options),
      );
    },
    deallocate(claim) {
      const { allocation: _allocation, reservedFor: _users, devices: _devices, ...rest } = claim.status ?? {};
      inBackground(
        'a claim could not be deallocated',
        claim,
        claimsOf(claim).updateStatus({ ...claim, status: rest }),
      );
    },
    createClaim(claim) {
      return worded(
        `create claim for extended resources ${claim.metadata.namespace ?? ''}/${claim.metadata.generateName ?? ''}`,
        () => claimsOf(claim).create(claim),
      );
    },
    deleteClaim(claim) {
      const claims = claimsOf(claim);
      const name = claim.metadata.name ?? '';
      inBackground(
        'the claim of extended resources could not be deleted',
        claim,
        retryOnConflict(async () => {
          const now = await claims.get(name);
          const finalizers = (now.metadata.finalizers ?? []).filter((one) => one !== claimFinalizer);
          await claims.update({ ...now, metadata: { ...now.metadata, finalizers } });
        }).then(() => claims.delete(name)),
      );
    },
    async tellExtended({ metadata }, status) {
      const { namespace = '', name = '', uid } = metadata;
      await worded(`update pod ${namespace}/${name} ExtendedResourceClaimStatus`, () =>
        client
          .resource(Pod)
          .namespace(namespace)
          .patch(
            name,
            {
              type: 'strategic',
              body: { metadata: { uid }, status: { extendedResourceClaimStatus: status } },
            },
            { subresource: 'status' },
          ),
      );
    },
    tellWaiting(pod, nodeName) {
      event(pod, 'BindingConditionsPending', `waiting for binding conditions for device on node ${nodeName}`);
    },
    untilReady(ready, timeoutMs) {
      const informer = informers.informer(ResourceClaim);
      return new Promise<void>((resolve, reject) => {
        let ended = false;
        const end = (error?: unknown) => {
          if (ended) return;
          ended = true;
          timer.cancel();
          queueMicrotask(() => remove());
          if (error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error(String(error)));
        };
        const look = () => {
          if (ended) return;
          try {
            if (ready()) end();
          } catch (error) {
            end(error);
          }
        };
        const timer = clock.setTimeout(() => end(new Error('device binding timeout')), timeoutMs);
        const remove = informer.addHandler({ updated: look, deleted: look });
        look();
      });
    },
  };
}
