import type { Random } from './clock.ts';
import { createRandom } from './random.ts';

/**
 * A `Random` whose whole sequence follows from `seed` (any finite number; its low 64 bits of magnitude count).
 * The generator is sfc32: small, fast and good enough for simulation, not for secrets.
 */
export function createSeededRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = seed >>> 0;
  let c = Math.floor(seed / 0x100000000) >>> 0;
  let counter = 1;
  function nextUint32(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  }
  // The first outputs still resemble the seed.
  for (let round = 0; round < 15; round += 1) nextUint32();
  return createRandom(nextUint32);
}
