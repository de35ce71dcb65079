import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
  quantityFromMilli,
  quantityFromNumber,
  quantityOf,
  tryParseQuantity,
} from './quantity.ts';

describe('canonical form', () => {
  it.each([
    ['0', '0'],
    ['00', '0'],
    ['0Ki', '0'],
    ['-0', '0'],
    ['1', '1'],
    ['100m', '100m'],
    ['0.1', '100m'],
    ['1.5', '1500m'],
    ['1000m', '1'],
    ['1000', '1k'],
    ['1000000', '1M'],
    ['10k', '10k'],
    ['1024', '1024'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['1000Ki', '1000Ki'],
    ['0.5Ki', '512'],
    ['0.5Mi', '512Ki'],
    ['1.1Ki', '1126400m'],
    ['500Mi', '500Mi'],
    ['1Ei', '1Ei'],
    ['8Ei', '9223372036854775807'],
    ['12e6', '12e6'],
    ['12E6', '12E6'],
    ['1e2', '100'],
    ['1e-3', '1e-3'],
    ['1E', '1E'],
    ['1000E', '1000E'],
    ['100u', '100u'],
    ['0.1n', '1n'],
    ['-0.1n', '-1n'],
    ['1.0000000001', '1000000001n'],
    ['.5', '500m'],
    // Kubernetes keeps a few texts as they were written.
    ['5.', '5.'],
    ['+5', '+5'],
    ['1.500', '1.500'],
    ['-1.5', '-1500m'],
    ['-1.5Ki', '-1536'],
    ['-2048', '-2048'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each([
    ['', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['abc', 'quantities must match'],
    ['1.2.3', 'quantities must match'],
    ['1 Gi', 'quantities must match'],
    ['1Kb', 'quantities must match'],
    ['1K', "unable to parse quantity's suffix"],
    ['1e', "unable to parse quantity's suffix"],
    ['1m5', "unable to parse quantity's suffix"],
    ['1e999999999', "unable to parse quantity's suffix"],
    ['9'.repeat(100_000), 'unable to parse numeric part of quantity'],
  ])('%# is refused', (text, message) => {
    expect(() => parseQuantity(text)).toThrow(message);
    expect(tryParseQuantity(text)).toBeUndefined();
  });

  it('takes JSON numbers', () => {
    expect(canonicalQuantity(2)).toBe('2');
    expect(canonicalQuantity(0.25)).toBe('250m');
    expect(tryParseQuantity(null)).toBeUndefined();
  });
});

describe('values', () => {
  it.each([
    ['100m', 1, 100],
    ['1', 1, 1000],
    ['1500m', 2, 1500],
    ['1u', 1, 1],
    ['-1500m', -2, -1500],
    ['1Gi', 1073741824, 1073741824000],
    ['0.5Gi', 536870912, 536870912000],
  ])('%s has value %d and milli-value %d', (text, value, milliValue) => {
    expect([parseQuantity(text).value(), parseQuantity(text).milliValue()]).toEqual([value, milliValue]);
  });

  it('are exact beyond doubles', () => {
    expect(parseQuantity('9007199254740993').bigintValue()).toBe(9007199254740993n);
    expect(parseQuantity('0.1').add(parseQuantity('0.2')).equals(parseQuantity('0.3'))).toBe(true);
  });

  it('keep the left format, or the right one when the left is zero', () => {
    expect(parseQuantity('1Ki').add(parseQuantity('1k')).toString()).toBe('2024');
    expect(parseQuantity('1Gi').add(parseQuantity('1073741824')).toString()).toBe('2Gi');
    expect(parseQuantity('0').add(parseQuantity('2Gi')).toString()).toBe('2Gi');
    expect(parseQuantity('1').sub(parseQuantity('250m')).toString()).toBe('750m');
    expect(quantityFromMilli(1500).toString()).toBe('1500m');
    expect(quantityFromNumber(1073741824, 'BinarySI').toString()).toBe('1Gi');
    expect(quantityFromNumber(0.5).toString()).toBe('500m');
    expect(quantityOf(5n, 6).toString()).toBe('5M');
  });
});

// Larger amounts than 2^63-1 are read as that.
const amount = fc.record({
  unscaled: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  scale: fc.integer({ min: -9, max: 6 }),
});
const anyQuantity = fc
  .tuple(amount, fc.constantFrom('DecimalSI' as const, 'BinarySI' as const, 'DecimalExponent' as const))
  .map(([{ unscaled, scale }, format]) => quantityOf(unscaled, scale, format));

describe('laws', () => {
  it('the canonical text parses to the same amount, and is its own canonical text', () => {
    fc.assert(
      fc.property(anyQuantity, (quantity) => {
        const text = quantity.toString();
        expect(parseQuantity(text).compare(quantity)).toBe(0);
        // Without a suffix the text no longer says that it was binary.
        if (quantity.format !== 'BinarySI' || text.endsWith('i')) expect(canonicalQuantity(text)).toBe(text);
      }),
    );
  });

  it('adding and subtracting cancel, negation mirrors, order is total', () => {
    fc.assert(
      fc.property(anyQuantity, anyQuantity, (a, b) => {
        expect(a.add(b).sub(b).compare(a)).toBe(0);
        expect(a.add(b).compare(b.add(a))).toBe(0);
        expect(a.sub(b).isZero()).toBe(a.equals(b));
        expect(a.neg().neg().equals(a)).toBe(true);
        expect(a.add(a.neg()).sign()).toBe(0);
        expect(compareQuantities(a, b) + compareQuantities(b, a)).toBe(0);
      }),
    );
  });

  it('rounding goes away from zero by less than one', () => {
    fc.assert(
      fc.property(anyQuantity, (quantity) => {
        const rounded = quantityOf(quantity.bigintValue());
        const gap = rounded.sub(quantity);
        expect(gap.sign() * quantity.sign()).toBeGreaterThanOrEqual(0);
        expect(Math.abs(gap.toNumber())).toBeLessThan(1);
      }),
    );
  });
});
