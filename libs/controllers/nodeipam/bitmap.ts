/** A set of small numbers, which takes room only where something is in it. */
export interface Bitmap {
  readonly size: number;
  has(index: number): boolean;
  /** Puts in, or takes out, `first` to `last`; gives how many of them that changed. */
  set(first: number, last: number, on: boolean): number;
}

const pageWords = 2048;
const pageBits = pageWords * 32;

function ones(word: number): number {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return (((rest + (rest >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

export function createBitmap(): Bitmap {
  const pages = new Map<number, Uint32Array>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    has(index) {
      const page = pages.get(Math.floor(index / pageBits));
      const bit = index % pageBits;
      return page !== undefined && (((page[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
    },
    set(first, last, on) {
      const before = size;
      let index = first;
      while (index <= last) {
        const number = Math.floor(index / pageBits);
        const bit = index % pageBits;
        const low = bit & 31;
        // As much of one word at a time as belongs to it.
        const count = Math.min(32 - low, last - index + 1);
        const mask = count === 32 ? 0xffffffff : (2 ** count - 1) * 2 ** low;
        index += count;
        let page = pages.get(number);
        if (page === undefined) {
          if (!on) continue;
          pages.set(number, (page = new Uint32Array(pageWords)));
        }
        const word = page[bit >>> 5] ?? 0;
        const next = on ? word | mask : word & ~mask;
        page[bit >>> 5] = next;
        size += ones(next) - ones(word);
      }
      return Math.abs(size - before);
    },
  };
}
