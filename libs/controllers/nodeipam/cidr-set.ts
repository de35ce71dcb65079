import { cidrsOverlap, formatCidr, parseCidr, subnetAt, type Cidr } from '@drydock/base/apimachinery';
import { createBitmap } from './bitmap.ts';

/** Hears of what a set gives and takes back. */
export interface CidrSetObserver {
  /** `tries` ranges were found taken before a free one was; absent where a certain one was taken. */
  allocated?(set: CidrSet, count: number, tries?: number): void;
  released?(set: CidrSet, count: number): void;
}

/** Pods' ranges of one size, out of one cluster range; each is given to one node at a time. */
export interface CidrSet {
  readonly cluster: Cidr;
  readonly nodeMaskSize: number;
  /** How many ranges there are, given or not. */
  readonly size: number;
  /** How many of them are taken. */
  allocated(): number;
  /** The next free one, going round. Undefined when all are taken. */
  allocate(): string | undefined;
  /** Marks every range that overlaps `cidr` as taken. @throws Error where it lies outside of the cluster's */
  occupy(cidr: string): void;
  /** Marks every range that overlaps `cidr` as free. @throws Error as `occupy` */
  release(cidr: string): void;
  /** The range at an index; undefined beyond the last. */
  at(index: number): string | undefined;
  /** First and last index of the ranges that overlap `cidr`. @throws Error as `occupy` */
  indexesOf(cidr: string): readonly [first: number, last: number];
}

/** Larger spans of IPv6 would have more ranges than a cluster has nodes. */
const maxSpanBits = 16;

export const noneLeft =
  'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range';
export const tooBig = 'New CIDR set failed; the node CIDR size is too big';

/** @throws Error where the sizes do not fit */
export function createCidrSet(
  clusterText: string,
  nodeMaskSize: number,
  observer: CidrSetObserver = {},
): CidrSet {
  const cluster = parseCidr(clusterText);
  if (cluster === undefined) throw new Error(`invalid CIDR address: ${clusterText}`);
  const bits = cluster.family === 4 ? 32 : 128;
  const span = nodeMaskSize - cluster.prefixLength;
  if (span < 0 || nodeMaskSize > bits) {
    throw new Error(
      `the node mask size ${nodeMaskSize} does not fit into the cluster CIDR ${formatCidr(cluster)}`,
    );
  }
  if (cluster.family === 6 && span > maxSpanBits) throw new Error(tooBig);
  const size = 2 ** span;
  const taken = createBitmap();
  const step = 1n << BigInt(bits - nodeMaskSize);
  let next = 0;

  function indexesOf(text: string): [number, number] {
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new Error(`invalid CIDR address: ${text}`);
    if (cluster === undefined || cidr.family !== cluster.family || !cidrsOverlap(cluster, cidr)) {
      throw new Error(
        `cidr ${formatCidr(cidr)} is out the range of cluster cidr ${cluster === undefined ? '' : formatCidr(cluster)}`,
      );
    }
    // A range that holds the whole cluster's takes all of it.
    if (cidr.prefixLength <= cluster.prefixLength) return [0, size - 1];
    const first = Number((cidr.base - cluster.base) / step);
    const count = cidr.prefixLength >= nodeMaskSize ? 1 : 2 ** (nodeMaskSize - cidr.prefixLength);
    return [first, first + count - 1];
  }

  const at = (index: number) => {
    const found = subnetAt(cluster, nodeMaskSize, index);
    return found && formatCidr(found);
  };
  const set: CidrSet = {
    cluster,
    nodeMaskSize,
    size,
    at,
    indexesOf,
    allocated: () => taken.size,
    allocate() {
      if (taken.size >= size) return undefined;
      let tries = 0;
      for (; taken.has(next); tries++) next = (next + 1) % size;
      const index = next;
      taken.set(index, index, true);
      next = (index + 1) % size;
      observer.allocated?.(set, 1, tries);
      return at(index);
    },
    occupy(text) {
      const count = taken.set(...indexesOf(text), true);
      observer.allocated?.(set, count);
    },
    release(text) {
      const count = taken.set(...indexesOf(text), false);
      observer.released?.(set, count);
    },
  };
  return set;
}
