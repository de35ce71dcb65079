import type { ResourceClaim } from '@drydock/api/resource/v1';
import { parseTime } from '@drydock/base/apimachinery';

/** A device could not be made ready for its node. */
export class DeviceBindingError extends Error {
  override readonly name = 'DeviceBindingError';
}

export function hasBindingConditions({ status }: ResourceClaim): boolean {
  return (
    status?.allocation?.devices?.results?.some(
      ({ bindingConditions = [] }) => bindingConditions.length > 0,
    ) === true
  );
}

/**
 * Whether the devices of a claim are ready for their node (KEP-5007): all conditions that they wait for are true.
 * @throws DeviceBindingError when one of those is true that say it went wrong
 */
export function isReadyToBind({ metadata, status }: ResourceClaim): boolean {
  if (status?.allocation === undefined) return false;
  for (const result of status.allocation.devices?.results ?? []) {
    const { bindingConditions = [], bindingFailureConditions = [], driver, pool, device } = result;
    if (bindingConditions.length === 0) continue;
    const told = status.devices?.find(
      (one) => one.driver === driver && one.pool === pool && one.device === device,
    )?.conditions;
    const isTrue = (name: string) =>
      told?.find(({ type, status: value }) => type === name && value === 'True');
    for (const name of bindingFailureConditions) {
      const failed = isTrue(name);
      if (failed !== undefined)
        throw new DeviceBindingError(
          `claim ${metadata.name ?? ''} binding failed: reason=${failed.reason ?? ''}, message=${JSON.stringify(failed.message ?? '')}`,
        );
    }
    if (!bindingConditions.every((name) => isTrue(name) !== undefined)) return false;
  }
  return true;
}

/** Whether a claim has waited for too long for its devices to be made ready. */
export function isBindingOverdue(claim: ResourceClaim, nowMs: number, timeoutMs: number): boolean {
  const since = claim.status?.allocation?.allocationTimestamp;
  return since !== undefined && hasBindingConditions(claim) && parseTime(since) + timeoutMs < nowMs;
}
