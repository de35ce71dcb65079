import { describe, expect, it } from 'vitest';
import type { ServiceCIDR } from '@drydock/api/networking/v1';
import { formatCidr, parseCidr } from '@drydock/base/apimachinery';
import { createSeededRandom } from '@drydock/base/clock';
import { offeredRanges, ServiceAddressPool } from './service-addresses.ts';

const cidr = (text: string) => parseCidr(text)!;
const pool = (own: string, ...more: string[]) => {
  const made = new ServiceAddressPool(cidr(own), createSeededRandom(1));
  made.setMore(more.map(cidr));
  return made;
};
const all = (addresses: ServiceAddressPool) => {
  const given: string[] = [];
  for (let next = addresses.reserveAny(); next !== undefined; next = addresses.reserveAny()) given.push(next);
  return given.sort();
};

describe('addresses of Services', () => {
  it('come from the next range when the first is used up', () => {
    expect(all(pool('10.0.0.0/30', '10.1.0.0/30'))).toEqual(['10.0.0.1', '10.0.0.2', '10.1.0.1', '10.1.0.2']);
  });

  it('are given once where ranges overlap', () => {
    const addresses = pool('10.0.0.0/29', '10.0.0.0/30');
    expect(all(addresses)).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`));
    addresses.release('10.0.0.2');
    expect(addresses.reserve('10.0.0.2')).toBe(true);
    expect(addresses.reserve('10.0.0.2')).toBe(false);
  });

  it('that Services hold already are not given out of a range that comes later', () => {
    const addresses = pool('10.0.0.0/30');
    addresses.hold('10.1.0.1');
    addresses.setMore([cidr('10.1.0.0/30')]);
    expect(all(addresses)).toEqual(['10.0.0.1', '10.0.0.2', '10.1.0.2']);
    addresses.drop('10.1.0.1');
    expect(all(addresses)).toEqual(['10.1.0.1']);
  });

  it('are not taken from a range that is no longer offered', () => {
    const addresses = pool('10.0.0.0/30', '10.1.0.0/30');
    expect(addresses.contains('10.1.0.1')).toBe(true);
    addresses.setMore([]);
    expect(addresses.contains('10.1.0.1')).toBe(false);
    expect(addresses.reserve('10.1.0.1')).toBe(false);
    expect(all(addresses)).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('the network and its broadcast address are nobody’s', () => {
    const addresses = pool('10.0.0.0/24');
    expect(
      ['10.0.0.0', '10.0.0.1', '10.0.0.254', '10.0.0.255', '10.0.1.1'].map((one) => addresses.contains(one)),
    ).toEqual([false, true, true, false, false]);
  });
});

describe('what a ServiceCIDR offers', () => {
  const range = (status: string, deletionTimestamp?: string): ServiceCIDR =>
    ({
      metadata: { name: 'r', ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
      spec: { cidrs: ['10.0.0.0/24', '2001:db8::/64'] },
      status: { conditions: [{ type: 'Ready', status }] },
    }) as ServiceCIDR;
  it.each([
    ['ready', range('True'), ['10.0.0.0/24']],
    ['not ready', range('False'), []],
    ['going', range('True', '2026-01-01T00:00:00Z'), []],
    ['new', { metadata: { name: 'r' }, spec: { cidrs: ['10.0.0.0/24'] } }, []],
  ] as const)('%s', (_title, given, expected) =>
    expect(offeredRanges(given as ServiceCIDR, 4).map(formatCidr)).toEqual(expected),
  );
});
