import type { Random } from '@drydock/base/clock';

/**
 * Numbers of a range that are handed out once. What is taken follows two books: what the stored objects hold (`hold`,
 * `drop`, counted, since a number may be held by an old and a new state at once), and what writes under way have
 * reserved.
 */
export class NumberPool {
  readonly #first: number;
  readonly #size: number;
  readonly #random: Random;
  /** Where automatic choices begin; those before it are left to callers who ask for a number, while there are others. */
  readonly #band: number;
  readonly #held = new Map<number, number>();
  readonly #reserved = new Set<number>();

  constructor(first: number, size: number, band: number, random: Random) {
    this.#first = first;
    this.#size = size;
    this.#band = Math.min(band, size);
    this.#random = random;
  }

  contains(number: number): boolean {
    return number >= this.#first && number < this.#first + this.#size;
  }

  isTaken(number: number): boolean {
    return this.#held.has(number) || this.#reserved.has(number);
  }

  /** Whether a stored object has it. */
  isHeld(number: number): boolean {
    return this.#held.has(number);
  }

  hold(number: number): void {
    this.#held.set(number, (this.#held.get(number) ?? 0) + 1);
  }

  drop(number: number): void {
    const count = this.#held.get(number) ?? 0;
    if (count <= 1) this.#held.delete(number);
    else this.#held.set(number, count - 1);
  }

  /** Reserves this very number; false when it is taken. */
  reserve(number: number): boolean {
    if (this.isTaken(number)) return false;
    this.#reserved.add(number);
    return true;
  }

  /** Reserves any free number; undefined when there is none. */
  reserveAny(): number | undefined {
    return this.#search(this.#band, this.#size) ?? this.#search(0, this.#band);
  }

  /** Ends a reservation: the write is over, and if it was committed the number is held by now. */
  release(number: number): void {
    this.#reserved.delete(number);
  }

  #search(from: number, to: number): number | undefined {
    const size = to - from;
    if (size <= 0) return undefined;
    const start = this.#random.int(size);
    for (let step = 0; step < size; step++) {
      const number = this.#first + from + ((start + step) % size);
      if (this.reserve(number)) return number;
    }
    return undefined;
  }
}
