import { describe, expect, it } from 'vitest';
import { createRangeAllocator } from './index.ts';

const make = (clusters: Readonly<Record<string, number>>, ...serviceCidrs: string[]) =>
  createRangeAllocator({
    clusterCidrs: Object.entries(clusters).map(([cidr, nodeMaskSize]) => ({ cidr, nodeMaskSize })),
    serviceCidrs,
  });
const v4 = { '10.10.0.0/16': 24 };
const dual = { '10.10.0.0/16': 24, 'ace:cab:deca::/8': 24 };

// The facts of kube-controller-manager's own tests of its range allocator.
describe('the range allocator', () => {
  it.each([
    [v4, []],
    [v4, ['10.10.0.1/24']],
    [dual, ['10.10.0.1/24', 'a00::/86']],
  ])('of %j takes what a node has: %j', (clusters, podCidrs) => {
    const ranges = make(clusters);
    ranges.occupy('node0', podCidrs);
    expect(ranges.sets().map((set) => set.allocated())).toEqual(
      Object.keys(clusters).map(() => (podCidrs.length ? 1 : 0)),
    );
  });

  it.each([
    [
      v4,
      ['172.10.0.1/24'],
      'failed to mark cidr[172.10.0.0/24] at idx [0] as occupied for node: node0: cidr 172.10.0.0/24 is out the range of cluster cidr 10.10.0.0/16',
    ],
    [
      v4,
      ['10.10.0.1/24', 'a00::/86'],
      'node:node0 has an allocated cidr: a00::/86 at index:1 that does not exist in cluster cidrs configuration',
    ],
    [dual, ['172.10.0.1/24', 'a00::/86'], 'failed to mark cidr[172.10.0.0/24] at idx [0]'],
    [dual, ['10.10.0.1/24', 'cdd::/86'], 'failed to mark cidr[cdd::/86] at idx [1]'],
    [v4, ['garbage'], 'failed to parse node node0, CIDR garbage'],
  ])('of %j refuses %j', (clusters, podCidrs, message) =>
    expect(() => make(clusters).occupy('node0', podCidrs)).toThrow(message),
  );

  it('gives the first that is free after the addresses of Services and what is taken', () => {
    expect(make({ '127.123.234.0/24': 30 }).allocate()).toEqual(['127.123.234.0/30']);
    const ranges = make({ '127.123.234.0/24': 30 }, '127.123.234.0/26');
    for (const one of [64, 68, 72, 80]) ranges.occupy('other', [`127.123.234.${one}/30`]);
    expect(ranges.allocate()).toEqual(['127.123.234.76/30']);
  });

  it('counts nothing twice', () => {
    const ranges = make({ '10.10.0.0/22': 24 });
    ranges.occupy('node0', ['10.10.0.0/24']);
    ranges.occupy('node1', ['10.10.2.0/24']);
    expect(ranges.allocate()).toEqual(['10.10.1.0/24']);
  });

  it.each([
    [{ '127.123.234.0/8': 24, 'ace:cab:deca::/84': 98 }, ['127.0.0.0/24', 'ace:cab:deca::/98']],
    [{ 'ace:cab:deca::/84': 98, '127.123.234.0/8': 24 }, ['ace:cab:deca::/98', '127.0.0.0/24']],
    [
      { '127.123.234.0/8': 24, 'ace:cab:deca::/84': 98, '10.0.0.0/8': 24 },
      ['127.0.0.0/24', 'ace:cab:deca::/98', '10.0.0.0/24'],
    ],
  ])('of %j gives one of each', (clusters, expected) => expect(make(clusters).allocate()).toEqual(expected));

  it('gives again what comes free, and not before', () => {
    const ranges = make({ '127.123.234.0/28': 30 });
    for (const one of [0, 4, 8, 12]) ranges.occupy('other', [`127.123.234.${one}/30`]);
    expect(ranges.allocate()).toBeUndefined();
    ranges.release('other', ['127.123.234.4/30']);
    expect(ranges.allocate()).toEqual(['127.123.234.4/30']);
    ranges.release('other', ['127.123.234.0/30']);
    expect(ranges.allocate()).toEqual(['127.123.234.0/30']);
  });

  it('leaves the addresses of Services out, for good', () => {
    const ranges = make({ '10.10.0.0/22': 24 }, '10.10.0.0/23');
    expect(ranges.allocate()).toEqual(['10.10.2.0/24']);
    ranges.release('odd', ['10.10.0.0/24']);
    expect(ranges.allocate()).toEqual(['10.10.3.0/24']);
    expect(ranges.allocate()).toBeUndefined();
    expect(make({ '10.0.0.0/16': 24 }, '10.0.0.0/8').allocate()).toBeUndefined();
  });

  it('takes nothing when one family is exhausted', () => {
    const ranges = make({ '10.0.0.0/24': 24, 'fd00::/56': 64 });
    expect(ranges.allocate()).toEqual(['10.0.0.0/24', 'fd00::/64']);
    expect(ranges.allocate()).toBeUndefined();
    expect(ranges.sets().map((set) => set.allocated())).toEqual([1, 1]);
  });
});
