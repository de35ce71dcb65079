import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noMetrics, type Metrics } from '@drydock/port/observability';
import { createBitmap } from './bitmap.ts';
import { cidrSetMetrics, createCidrSet } from './index.ts';

// The facts of kube-controller-manager's own tests of its set of ranges.
describe('a set of ranges', () => {
  it.each([
    ['10.0.0.0/8', 24, ['10.0.0.0/24', '10.0.1.0/24']],
    ['127.0.0.0/8', 32, ['127.0.0.0/32', '127.0.0.1/32']],
    ['127.123.234.0/30', 31, ['127.123.234.0/31', '127.123.234.2/31', undefined]],
    ['127.123.234.0/30', 30, ['127.123.234.0/30', undefined]],
    ['beef:1234::/30', 30, ['beef:1234::/30', undefined]],
    ['2001:beef:1234:369b::/60', 64, ['2001:beef:1234:3690::/64', '2001:beef:1234:3691::/64']],
    ['beef:1234::/30', 31, ['beef:1234::/31', 'beef:1236::/31', undefined]],
  ])('gives of %s by /%d', (cluster, mask, expected) => {
    const set = createCidrSet(cluster, mask);
    expect(expected.map(() => set.allocate())).toEqual(expected);
  });

  it.each([
    ['127.123.3.0/16', 24, 0, '127.123.0.0/24'],
    ['127.123.0.0/16', 24, 15, '127.123.15.0/24'],
    ['192.168.5.219/28', 32, 5, '192.168.5.213/32'],
    ['2001:0db8:1234:3::/48', 64, 0, '2001:db8:1234::/64'],
    ['2001:0db8:1234::/48', 64, 15, '2001:db8:1234:f::/64'],
    ['2001:0db8:85a3::8a2e:0370:7334/50', 63, 6425, '2001:db8:85a3:3232::/63'],
    ['2001:0db8::/32', 48, 15, '2001:db8:f::/48'],
    ['2001:0db8:85a3::8a2e:0370:7334/32', 48, 6425, '2001:db8:1919::/48'],
    ['2001:0db8:1234:ff00::/56', 72, 0, '2001:db8:1234:ff00::/72'],
    ['2001:0db8:1234:ff00::/56', 72, 15, '2001:db8:1234:ff00:f00::/72'],
    ['2001:0db8:1234:ff00::0370:7334/56', 72, 6425, '2001:db8:1234:ff19:1900::/72'],
    ['2001:0db8:1234:0:1234::/80', 96, 15, '2001:db8:1234:0:1234:f::/96'],
    ['2001:0db8:1234:ff00::0370:7334/80', 96, 6425, '2001:db8:1234:ff00:0:1919::/96'],
  ])('%s by /%d: number %d is %s', (cluster, mask, index, cidr) => {
    const set = createCidrSet(cluster, mask);
    expect(set.at(index)).toBe(cidr);
    expect(set.indexesOf(cidr)).toEqual([index, index]);
  });

  it.each([
    ['127.0.0.0/8', 16, '127.0.0.0/8', [0, 255]],
    ['2001:beef:1200::/40', 48, '2001:beef:1200::/40', [0, 255]],
    ['127.0.0.0/8', 16, '127.0.0.0/2', [0, 255]],
    ['2001:beef:1200::/40', 48, '2001:beef:1234::/34', [0, 255]],
    ['127.0.0.0/8', 16, '127.123.0.0/16', [123, 123]],
    ['127.0.0.0/8', 32, '127.0.0.0/16', [0, 65535]],
    ['2001:beef:1200::/48', 64, '2001:beef:1200::/48', [0, 65535]],
    ['127.0.0.0/7', 16, '127.0.0.0/15', [256, 257]],
    ['2001:beef:7f00::/39', 48, '2001:beef:7f00::/47', [256, 257]],
    ['127.0.0.0/7', 15, '127.0.0.0/15', [128, 128]],
    ['127.0.0.0/7', 18, '127.0.0.0/15', [1024, 1031]],
    ['2001:beef:7f00::/39', 50, '2001:beef:7f00::/47', [1024, 1031]],
  ])('%s by /%d: %s takes %j', (cluster, mask, cidr, [first = 0, last = 0]) => {
    const set = createCidrSet(cluster, mask);
    set.occupy(cidr);
    expect(set.indexesOf(cidr)).toEqual([first, last]);
    expect(set.allocated()).toBe(last - first + 1);
  });

  it('takes each only once, and frees only what is taken', () => {
    const set = createCidrSet('10.42.0.0/16', 24);
    const counts = (
      [
        ['occupy', '10.42.5.0/24', 1],
        ['occupy', '10.42.9.0/24', 2],
        ['occupy', '10.42.8.0/22', 5],
        ['occupy', '10.42.9.0/24', 5],
        ['release', '10.42.9.0/24', 4],
        ['release', '10.42.9.0/24', 4],
        ['release', '10.42.4.0/22', 3],
      ] as const
    ).map(([verb, cidr]) => {
      set[verb](cidr);
      return set.allocated();
    });
    expect(counts).toEqual([1, 2, 5, 5, 4, 4, 3]);
    for (let left = 253; left > 0; left--) expect(set.allocate()).toBeDefined();
    expect(set.allocate()).toBeUndefined();
  });

  it.each(['127.123.234.0/16', 'beef:1234::/16'])('%s gives the same ranges again', (cluster) => {
    const set = createCidrSet(cluster, 24);
    const all = () => Array.from({ length: 256 }, () => set.allocate() ?? '');
    const first = all();
    expect(set.allocate()).toBeUndefined();
    first.forEach((cidr) => set.release(cidr));
    expect(all()).toEqual(first);
    first.forEach((cidr) => set.release(cidr));
    first.slice(128).forEach((cidr) => set.occupy(cidr));
    expect(Array.from({ length: 128 }, () => set.allocate())).toEqual(first.slice(0, 128));
    expect(set.allocate()).toBeUndefined();
  });

  it.each([
    ['10.0.0.0/24', 16, 'does not fit'],
    ['10.0.0.0/24', 33, 'does not fit'],
    ['beef:1234::/32', 49, 'New CIDR set failed; the node CIDR size is too big'],
    ['no', 24, 'invalid CIDR address: no'],
  ])('refuses %s by /%d', (cluster, mask, message) =>
    expect(() => createCidrSet(cluster, mask)).toThrow(message),
  );

  it.each([
    ['192.168.0.0/16', '127.168.224.0/24'],
    ['beef::/16', '2001:db00::/24'],
    ['192.168.0.0/16', 'beef::/24'],
  ])('of %s has no %s', (cluster, cidr) =>
    expect(() => createCidrSet(cluster, 24).occupy(cidr)).toThrow(
      `cidr ${cidr} is out the range of cluster cidr ${cluster}`,
    ),
  );

  it('tells its metrics', () => {
    const told: Record<string, number> = {};
    const key = (name: string) => name.replace('node_ipam_controller_', '');
    const metrics: Metrics = {
      ...noMetrics,
      counter: ({ name }) => ({ inc: (_, by = 1) => void (told[key(name)] = (told[key(name)] ?? 0) + by) }),
      gauge: ({ name }) => ({ set: (value) => void (told[key(name)] = value) }),
      histogram: ({ name }) => ({ observe: (value) => void (told[key(name)] = value) }),
    };
    const set = createCidrSet('10.0.0.0/16', 24, cidrSetMetrics(metrics));
    set.occupy('10.0.0.0/17');
    set.allocate();
    expect(told).toEqual({
      cidrset_cidrs_allocations_total: 129,
      cidrset_usage_cidrs: 129 / 256,
      cidrset_allocation_tries_per_request: 128,
      cirdset_max_cidrs: 256,
    });
    set.release('10.0.0.0/16');
    expect(told).toMatchObject({ cidrset_cidrs_releases_total: 129, cidrset_usage_cidrs: 0 });
  });
});

describe('a bitmap', () => {
  it('is a set of numbers', () => {
    const range = fc.tuple(fc.nat(200_000), fc.nat(200), fc.boolean());
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
        const bitmap = createBitmap();
        const plain = new Set<number>();
        for (const [first, more, on] of ranges) {
          const before = plain.size;
          for (let index = first; index <= first + more; index++) plain[on ? 'add' : 'delete'](index);
          expect(bitmap.set(first, first + more, on)).toBe(Math.abs(plain.size - before));
        }
        expect(bitmap.size).toBe(plain.size);
        for (const [first, more] of ranges)
          for (const index of [first - 1, first, first + more, first + more + 1])
            expect(bitmap.has(index)).toBe(plain.has(index));
      }),
      { numRuns: 50 },
    );
  });
});
