import { createSeededRandom } from '@drydock/base/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberPool } from './number-pool.ts';

describe('NumberPool', () => {
  it('hands out each number once, prefers those above the band, and ends when all are out', () => {
    const pool = new NumberPool(10, 8, 3, createSeededRandom(1));
    const given = Array.from({ length: 8 }, () => pool.reserveAny());
    expect(given.slice(0, 5).every((number) => number! >= 13)).toBe(true);
    expect([...given].sort((a, b) => a! - b!)).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
    expect(pool.reserveAny()).toBeUndefined();
    pool.release(12);
    expect(pool.reserveAny()).toBe(12);
  });

  it('keeps a number while any state holds it', () => {
    const pool = new NumberPool(0, 4, 0, createSeededRandom(1));
    // An update that keeps its number: the new state is entered before the old one leaves.
    pool.hold(2);
    pool.hold(2);
    pool.drop(2);
    expect(pool.isTaken(2)).toBe(true);
    expect(pool.reserve(2)).toBe(false);
    pool.drop(2);
    expect(pool.reserve(2)).toBe(true);
  });

  it('never gives a number to two at once, in any order of events', () => {
    const step = fc.record({ op: fc.constantFrom('take', 'commit', 'fail', 'delete'), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer(), (steps, seed) => {
        const pool = new NumberPool(1, 10, 4, createSeededRandom(seed));
        const underWay: number[] = [];
        const stored: number[] = [];
        const takeFrom = (list: number[], pick: number): number | undefined =>
          list.splice(pick % Math.max(1, list.length), 1)[0];
        for (const { op, pick } of steps) {
          if (op === 'take') {
            const number = pool.reserveAny();
            expect(number === undefined).toBe(underWay.length + stored.length === 10);
            if (number === undefined) continue;
            expect([...underWay, ...stored]).not.toContain(number);
            underWay.push(number);
          } else if (op === 'delete') {
            const number = takeFrom(stored, pick);
            if (number !== undefined) pool.drop(number);
          } else {
            const number = takeFrom(underWay, pick);
            if (number === undefined) continue;
            if (op === 'commit') {
              pool.hold(number);
              stored.push(number);
            }
            pool.release(number);
          }
        }
      }),
    );
  });
});
