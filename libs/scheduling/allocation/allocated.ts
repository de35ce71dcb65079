import type { DeviceRequestAllocationResult, ResourceClaim } from '@drydock/api/resource/v1';
import { addQuantities, parseQuantity, type Quantity } from '@drydock/base/apimachinery';

/** Amounts by the name of a capacity. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** What claims hold: no device is given twice. */
export interface AllocatedDevices {
  /** Devices that belong to one claim, by `driver/pool/device`. */
  readonly whole: ReadonlySet<string>;
  /** What the holders of shared devices take of them together. */
  readonly shared: ReadonlyMap<string, Amounts>;
}

export function deviceKey(result: Pick<DeviceRequestAllocationResult, 'driver' | 'pool' | 'device'>): string {
  return `${result.driver}/${result.pool}/${result.device}`;
}

/** Adds what one share takes. */
function addAmounts(into: Map<string, Quantity>, more: Iterable<readonly [string, Quantity]>): void {
  for (const [name, amount] of more) {
    const known = into.get(name);
    into.set(name, known === undefined ? amount : addQuantities(known, amount));
  }
}

/** Everything that allocated claims hold. Administrators' access holds nothing. */
export function allocatedDevices(claims: Iterable<ResourceClaim>): AllocatedDevices {
  const whole = new Set<string>();
  const shared = new Map<string, Map<string, Quantity>>();
  for (const { status } of claims) {
    for (const result of status?.allocation?.devices?.results ?? []) {
      if (result.adminAccess === true) continue;
      const key = deviceKey(result);
      if (result.shareID === undefined) {
        whole.add(key);
        continue;
      }
      const taken = shared.get(key) ?? new Map<string, Quantity>();
      const amounts = Object.entries(result.consumedCapacity ?? {});
      addAmounts(
        taken,
        amounts.map(([name, amount]) => [name, parseQuantity(amount)]),
      );
      shared.set(key, taken);
    }
  }
  return { whole, shared };
}
