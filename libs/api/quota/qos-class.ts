import type { Quantity } from '@drydock/base/apimachinery';
import type { PodSpec, ResourceRequirements } from '../gen/core/v1.ts';
import { addAmounts, amountsOf, type Amounts } from './resource-amounts.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'];

/** What counts for the class: cpu and memory, more than nothing of them. */
function countedAmounts(list: Record<string, string> | undefined): Amounts {
  return new Map(
    [...amountsOf(list)].filter(([name, amount]) => counted.includes(name) && amount.sign() > 0),
  );
}

/**
 * The quality of service of a Pod: by what it asks for itself where it does, else by its containers. Guaranteed is what has
 * limits of cpu and memory everywhere, and requests that are the same in all.
 */
export function qosClassOf(spec: PodSpec | undefined): QosClass {
  const owners: readonly (ResourceRequirements | undefined)[] =
    spec?.resources === undefined
      ? [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources)
      : [spec.resources];
  const requests = new Map<string, Quantity>();
  const limits = new Map<string, Quantity>();
  let everywhere = true;
  for (const resources of owners) {
    const limited = countedAmounts(resources?.limits);
    if (limited.size < counted.length) everywhere = false;
    addAmounts(limits, limited);
    addAmounts(requests, countedAmounts(resources?.requests));
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const same =
    requests.size === limits.size &&
    [...requests].every(([name, amount]) => {
      const limit = limits.get(name);
      return limit !== undefined && limit.compare(amount) === 0;
    });
  return everywhere && same ? 'Guaranteed' : 'Burstable';
}
