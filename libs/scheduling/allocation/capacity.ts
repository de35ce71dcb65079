import type { CapacityRequirements, Device, DeviceCapacity } from '@drydock/api/resource/v1';
import { addQuantities, parseQuantity, quantityFromNumber, type Quantity } from '@drydock/base/apimachinery';
import type { Amounts } from './allocated.ts';

const whole = (quantity: Quantity): bigint => quantity.bigintValue();

/** What a share takes of one capacity (KEP-5075): what is asked for, brought to what the device hands out. */
function consumed(asked: string | undefined, { value, requestPolicy }: DeviceCapacity): Quantity {
  if (asked === undefined) return parseQuantity(requestPolicy?.default ?? value);
  const wanted = parseQuantity(asked);
  const { validRange, validValues } = requestPolicy ?? {};
  if (validRange !== undefined) {
    const least = parseQuantity(validRange.min);
    if (wanted.compare(least) < 0) return least;
    if (validRange.step === undefined) return wanted;
    const step = whole(parseQuantity(validRange.step));
    const steps = (whole(wanted) - whole(least) + step - 1n) / step;
    return quantityFromNumber(whole(least) + steps * step, 'BinarySI');
  }
  const next = (validValues ?? []).map(parseQuantity).find((one) => wanted.compare(one) <= 0);
  return next ?? wanted;
}

function isRefused(amount: Quantity, { requestPolicy }: DeviceCapacity): boolean {
  if (requestPolicy === undefined) return false;
  const { validRange, validValues = [] } = requestPolicy;
  if (requestPolicy.default !== undefined && amount.compare(parseQuantity(requestPolicy.default)) === 0)
    return false;
  if (validRange !== undefined) {
    if (validRange.max !== undefined && amount.compare(parseQuantity(validRange.max)) > 0) return true;
    if (validRange.step === undefined) return false;
    const above = whole(amount) - whole(parseQuantity(validRange.min));
    return above % whole(parseQuantity(validRange.step)) !== 0n;
  }
  return validValues.length > 0 && !validValues.some((one) => amount.compare(parseQuantity(one)) === 0);
}

/**
 * What a request takes of a device beside what `taken` lists have taken already; undefined where there is not enough,
 * or where the device does not have what is asked for.
 */
export function takeCapacity(
  { capacity = {} }: Pick<Device, 'capacity'>,
  requirements: CapacityRequirements | undefined,
  taken: readonly (Amounts | undefined)[],
): Map<string, Quantity> | undefined {
  const requests = requirements?.requests ?? {};
  if (Object.keys(requests).some((name) => capacity[name] === undefined)) return undefined;
  const result = new Map<string, Quantity>();
  for (const [name, one] of Object.entries(capacity)) {
    const amount = consumed(requests[name], one);
    if (isRefused(amount, one)) return undefined;
    let total = amount;
    for (const other of taken) {
      const more = other?.get(name);
      if (more !== undefined) total = addQuantities(total, more);
    }
    if (total.compare(parseQuantity(one.value)) > 0) return undefined;
    result.set(name, amount);
  }
  return result;
}
