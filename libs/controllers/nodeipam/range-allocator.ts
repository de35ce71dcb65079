import { createCidrSet, holds, type CidrSet } from './cidr-set.ts';
import type { NodeIpamConfig } from './options.ts';

/** Gives each node one range of every cluster range. Knows nothing of the API. */
export interface RangeAllocator {
  /** One range of each family; undefined when one is exhausted, and then nothing is taken. */
  allocate(): readonly string[] | undefined;
  /** Takes what a node has already. Throws where a range is not of the cluster's. */
  occupy(podCidrs: readonly string[]): void;
  release(podCidrs: readonly string[]): void;
  sets(): readonly CidrSet[];
}

export function createRangeAllocator({ clusterCidrs, serviceCidrs }: NodeIpamConfig): RangeAllocator {
  const sets = clusterCidrs.map(({ cidr, nodeMaskSize }) => createCidrSet(cidr, nodeMaskSize));
  for (const service of serviceCidrs) {
    for (const set of sets) {
      try {
        set.occupy(service);
      } catch {
        // Apart from each other, as they should be.
      }
    }
  }
  const setOf = (index: number, cidr: string): CidrSet => {
    const set = sets[index];
    if (set === undefined)
      throw new Error(
        `node has an allocated cidr: ${cidr} at index:${index} that does not exist in cluster cidrs configuration`,
      );
    return set;
  };
  return {
    sets: () => sets,
    allocate() {
      const found: string[] = [];
      for (const set of sets) {
        const cidr = set.allocate();
        if (cidr === undefined) {
          found.forEach((one, index) => sets[index]?.release(one));
          return undefined;
        }
        found.push(cidr);
      }
      return found;
    },
    occupy(podCidrs) {
      podCidrs.forEach((cidr, index) => setOf(index, cidr).occupy(cidr));
    },
    release(podCidrs) {
      podCidrs.forEach((cidr, index) => {
        const set = sets[index];
        // A range of an earlier configuration was never taken here.
        if (set === undefined || !holds(set, cidr)) return;
        set.release(cidr);
        for (const service of serviceCidrs) if (holds(set, service)) set.occupy(service);
      });
    },
  };
}
