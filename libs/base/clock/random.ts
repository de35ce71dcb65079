import type { Random } from './clock.ts';

/** Kubernetes' alphabet for generated names: no vowels and no look-alikes, so that no words arise. */
export const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

const hexDigits = '0123456789abcdef';

/**
 * Builds a `Random` on one source of uniform 32-bit integers.
 * @param nextUint32 yields integers in [0, 2^32)
 */
export function createRandom(nextUint32: () => number): Random {
  function int(maxExclusive: number): number {
    if (!(maxExclusive >= 1)) throw new RangeError(`maxExclusive must be at least 1, got ${maxExclusive}`);
    return Math.floor(next() * maxExclusive);
  }

  /** 53 random bits, as many as a double holds. */
  function next(): number {
    const high = nextUint32() >>> 5;
    const low = nextUint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  function uuid(): string {
    let text = '';
    for (let word = 0; word < 4; word += 1) {
      let bits = nextUint32();
      // RFC 4122: the version sits in the top nibble of byte 6, the variant in the top bits of byte 8.
      if (word === 1) bits = (bits & 0xffff0fff) | 0x4000;
      if (word === 2) bits = (bits & 0x3fffffff) | 0x80000000;
      for (let nibble = 7; nibble >= 0; nibble -= 1) {
        const position = word * 8 + (7 - nibble);
        if (position === 8 || position === 12 || position === 16 || position === 20) text += '-';
        text += hexDigits[(bits >>> (nibble * 4)) & 15];
      }
    }
    return text;
  }

  function suffix(length: number): string {
    let text = '';
    for (let index = 0; index < length; index += 1) text += suffixAlphabet[int(suffixAlphabet.length)];
    return text;
  }

  return { next, int, uuid, suffix };
}
