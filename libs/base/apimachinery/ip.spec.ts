import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalIp,
  cidrContains,
  cidrSize,
  cidrsOverlap,
  formatCidr,
  formatIp,
  ipAt,
  ipOffset,
  parseCidr,
  parseIp,
  subnetAt,
  validateCidr,
  validateIp,
} from './ip.ts';
import type { Cidr } from './ip.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['FE80:0:0:0:0:0:0:0abc', 'fe80::abc'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    'g::',
    '12345::',
    '1.2.3.4::',
    '1:2:3:4:5:6:7',
    '::1%eth0',
    ' ::1',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('are judged in Kubernetes’ words', () => {
    expect(validateIp('1.2.3.4')).toEqual([]);
    expect(validateIp('x')).toEqual(['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
    expect(validateIp('010.2.3.4')).toEqual(['must not have leading 0s']);
    expect(validateIp('::ffff:1.2.3.4')).toEqual(['must not be an IPv4-mapped IPv6 address']);
    expect(validateIp('FE80::1')).toEqual([]);
    expect(validateIp('FE80::1', { canonical: true })).toEqual(['must be in canonical form ("fe80::1")']);
    expect(validateCidr('10.0.0.0/8')).toEqual([]);
    expect(validateCidr('10.0.0.0')).toEqual([
      'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
    expect(validateCidr('10.0.0.0/33')).toEqual([
      'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
    expect(validateCidr('10.0.0.0/08')).toEqual(['must not have leading 0s in IP or prefix length']);
    expect(validateCidr('10.0.0.1/8')).toEqual(['must not have bits set beyond the prefix length']);
  });

  it('survive writing and parsing', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(128), (bits, shift) => {
        const v6 = { family: 6 as const, value: bits >> BigInt(shift) };
        expect(parseIp(formatIp(v6))).toEqual(v6);
        const v4 = { family: 4 as const, value: bits & 0xffffffffn };
        expect(parseIp(formatIp(v4))).toEqual(v4);
      }),
    );
  });
});

describe('ranges', () => {
  it('count, contain and overlap', () => {
    const services = cidr('10.96.0.0/12');
    expect(cidrSize(services)).toBe(1048576n);
    expect(cidrContains(services, parseIp('10.111.255.255')!)).toBe(true);
    expect(cidrContains(services, parseIp('10.112.0.0')!)).toBe(false);
    expect(cidrContains(services, parseIp('::a60:0')!)).toBe(false);
    expect(formatIp(ipAt(services, 10)!)).toBe('10.96.0.10');
    expect(ipAt(services, 1048576)).toBeUndefined();
    expect(ipOffset(services, parseIp('10.96.1.0')!)).toBe(256n);
    expect(cidrsOverlap(cidr('10.0.0.0/8'), services)).toBe(true);
    expect(cidrsOverlap(cidr('10.0.0.0/16'), cidr('10.1.0.0/16'))).toBe(false);
    expect(formatCidr(cidr('fd00::5/64'))).toBe('fd00::/64');
  });

  it('are divided for nodes', () => {
    const pods = cidr('10.244.0.0/16');
    expect(formatCidr(subnetAt(pods, 24, 255)!)).toBe('10.244.255.0/24');
    expect(subnetAt(pods, 24, 256)).toBeUndefined();
    expect(subnetAt(pods, 8, 0)).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), (a, b) => {
        expect(cidrsOverlap(subnetAt(pods, 24, a)!, subnetAt(pods, 24, b)!)).toBe(a === b);
      }),
    );
  });
});
