import { cidrsOverlap, formatCidr, parseCidr } from '@drydock/base/apimachinery';
import { createCidrSet, type CidrSet, type CidrSetObserver } from './cidr-set.ts';
import type { NodeIpamConfig } from './options.ts';

/** Gives each node one range of every cluster range. Knows nothing of the API. */
export interface RangeAllocator {
  /** One range of each family; undefined when one is exhausted, and then nothing is taken. */
  allocate(): readonly string[] | undefined;
  /** Takes what a node has already. @throws Error where a range is not of the cluster's; those before it stay taken */
  occupy(node: string, podCidrs: readonly string[]): void;
  /** Takes back what a node had. @throws Error as `occupy` */
  release(node: string, podCidrs: readonly string[]): void;
  sets(): readonly CidrSet[];
}

type Ranges = Pick<NodeIpamConfig, 'clusterCidrs' | 'serviceCidrs'>;

/** @throws Error where a mask does not fit its range */
export function createRangeAllocator(
  { clusterCidrs, serviceCidrs }: Ranges,
  observer?: CidrSetObserver,
): RangeAllocator {
  const sets = clusterCidrs.map(({ cidr, nodeMaskSize }) => createCidrSet(cidr, nodeMaskSize, observer));
  /** The addresses of Services are nobody's, for good. */
  const excludeServices = (set: CidrSet) => {
    for (const text of serviceCidrs) {
      const service = parseCidr(text);
      if (service !== undefined && cidrsOverlap(set.cluster, service)) set.occupy(text);
    }
  };
  sets.forEach(excludeServices);
  const setOf = (node: string, index: number, cidr: string): CidrSet => {
    const set = sets[index];
    if (set === undefined)
      throw new Error(
        `node:${node} has an allocated cidr: ${cidr} at index:${index} that does not exist in cluster cidrs configuration`,
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
    occupy(node, podCidrs) {
      podCidrs.forEach((text, index) => {
        const cidr = parseCidr(text);
        if (cidr === undefined) throw new Error(`failed to parse node ${node}, CIDR ${text}`);
        try {
          setOf(node, index, text).occupy(text);
        } catch (error) {
          if (sets[index] === undefined) throw error;
          throw new Error(
            `failed to mark cidr[${formatCidr(cidr)}] at idx [${index}] as occupied for node: ${node}: ${(error as Error).message}`,
            { cause: error },
          );
        }
      });
    },
    release(node, podCidrs) {
      podCidrs.forEach((text, index) => {
        if (parseCidr(text) === undefined)
          throw new Error(`failed to parse CIDR ${text} on Node ${node}: invalid CIDR address: ${text}`);
        const set = setOf(node, index, text);
        try {
          set.release(text);
        } catch (error) {
          throw new Error(`error when releasing CIDR ${text}: ${(error as Error).message}`, { cause: error });
        }
        excludeServices(set);
      });
    },
  };
}
