import {
  cidrContains,
  cidrsOverlap,
  formatCidr,
  parseCidr,
  subnetAt,
  type Cidr,
} from '@drydock/base/apimachinery';

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
}

/** Larger spans would need a map of more ranges than a cluster has nodes. */
const maxSpanBits = 16;

/** @throws Error where the sizes do not fit */
export function createCidrSet(clusterText: string, nodeMaskSize: number): CidrSet {
  const cluster = parseCidr(clusterText);
  if (cluster === undefined) throw new Error(`invalid CIDR address: ${clusterText}`);
  const span = nodeMaskSize - cluster.prefixLength;
  const bits = cluster.family === 4 ? 32 : 128;
  if (span < 0 || nodeMaskSize > bits) {
    throw new Error(
      `the node mask size ${nodeMaskSize} does not fit into the cluster CIDR ${formatCidr(cluster)}`,
    );
  }
  if (cluster.family === 6 && span > maxSpanBits)
    throw new Error('New CIDR set failed; the node CIDR size is too big');
  const size = 2 ** span;
  const taken = new Set<number>();
  const step = 1n << BigInt(bits - nodeMaskSize);
  let next = 0;

  /** First and last of the ranges that overlap `text`. */
  function indexes(text: string): [number, number] {
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new Error(`invalid CIDR address: ${text}`);
    if (cluster === undefined || cidr.family !== cluster.family || !cidrsOverlap(cluster, cidr)) {
      throw new Error(`cidr ${formatCidr(cidr)} is out the range of cluster cidr ${clusterText}`);
    }
    // A range that holds the whole cluster's takes all of it.
    if (cidr.prefixLength <= cluster.prefixLength) return [0, size - 1];
    const first = Number((cidr.base - cluster.base) / step);
    const count = cidr.prefixLength >= nodeMaskSize ? 1 : 2 ** (nodeMaskSize - cidr.prefixLength);
    return [first, first + count - 1];
  }

  return {
    cluster,
    nodeMaskSize,
    size,
    allocated: () => taken.size,
    allocate() {
      if (taken.size >= size) return undefined;
      while (taken.has(next)) next = (next + 1) % size;
      const found = subnetAt(cluster, nodeMaskSize, next);
      taken.add(next);
      next = (next + 1) % size;
      return found && formatCidr(found);
    },
    occupy(text) {
      const [first, last] = indexes(text);
      for (let index = first; index <= last; index++) taken.add(index);
    },
    release(text) {
      const [first, last] = indexes(text);
      for (let index = first; index <= last; index++) taken.delete(index);
    },
  };
}

/** Does this set's cluster range hold that address range? */
export function holds(set: CidrSet, text: string): boolean {
  const cidr = parseCidr(text);
  return cidr !== undefined && cidrContains(set.cluster, { family: cidr.family, value: cidr.base });
}
