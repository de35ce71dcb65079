import { describe, expect, it } from 'vitest';
import { createSeededRandom } from './seeded-random.ts';
import { systemClock, systemRandom } from './system-clock.ts';

describe('system clock', () => {
  it('tells the time and fires timers', async () => {
    const before = systemClock.monotonicMs();
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    await systemClock.sleep(1);
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
  });

  it('cancels and aborts', async () => {
    let fired = false;
    const timer = systemClock.setTimeout(() => (fired = true), 0);
    timer.cancel();
    await systemClock.sleep(5);
    expect(fired).toBe(false);
    await expect(systemClock.sleep(60_000, AbortSignal.abort('stop'))).rejects.toBe('stop');
  });
});

describe.each([
  ['system', systemRandom],
  ['seeded', createSeededRandom(42)],
])('%s random', (_, random) => {
  it('draws from its ranges', () => {
    for (let draw = 0; draw < 1000; draw += 1) {
      expect(random.next()).toSatisfy((value: number) => value >= 0 && value < 1);
      expect(random.int(7)).toSatisfy((value: number) => Number.isInteger(value) && value >= 0 && value < 7);
    }
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(random.suffix(5)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(() => random.int(0)).toThrow(RangeError);
  });

  it('spreads evenly and does not repeat', () => {
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) counts[random.int(10)]! += 1;
    for (const count of counts) expect(count).toSatisfy((value: number) => value > 800 && value < 1200);
    expect(new Set(Array.from({ length: 1000 }, () => random.uuid())).size).toBe(1000);
  });
});

it('a seed decides the whole sequence', () => {
  const draw = (seed: number): string[] => {
    const random = createSeededRandom(seed);
    return Array.from({ length: 5 }, () => `${random.uuid()} ${random.suffix(8)} ${random.next()}`);
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(draw(1)).not.toEqual(draw(1 + 2 ** 40));
});
