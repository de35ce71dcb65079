/** Addresses of one node's Pods, out of its IPv4 CIDR. The lowest free one is given, the first (gateway) is kept. */
export interface IpPool {
  /** Undefined when all are taken. */
  take(): string | undefined;
  /** Marks an address as taken; false when it already is or is not of this pool. */
  reserve(ip: string): boolean;
  release(ip: string): void;
}

export function createIpPool(cidr: string): IpPool {
  const [base = '', prefix = '24'] = cidr.split('/');
  const octets = base.split('.').map(Number);
  const first = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - Number(prefix));
  const taken = new Set<number>();
  // Going round keeps an address from being given to the next Pod right after its last one went.
  let next = 2;
  const text = (offset: number) => {
    const value = first + offset;
    return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  };
  const offsetOf = (ip: string) => ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) - first;
  return {
    take() {
      for (let tried = 0; tried < size - 3; tried++) {
        const offset = next;
        next = next + 1 >= size - 1 ? 2 : next + 1;
        if (!taken.has(offset)) {
          taken.add(offset);
          return text(offset);
        }
      }
      return undefined;
    },
    reserve(ip) {
      const offset = offsetOf(ip);
      if (!(offset >= 2 && offset < size - 1) || taken.has(offset)) return false;
      taken.add(offset);
      return true;
    },
    release(ip) {
      taken.delete(offsetOf(ip));
    },
  };
}
