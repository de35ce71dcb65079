import type { Change } from './watch-event.ts';

/** The recent changes of one resource, in revision order: what watches resume from and old lists are rebuilt from. */
export class EventWindow {
  /** Changes up to this revision are not known here. */
  floor: number;
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #events: Change[] = [];
  #head = 0;
  #bytes = 0;

  constructor(floor: number, maxEvents: number, maxBytes: number) {
    this.floor = floor;
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  push(change: Change): void {
    this.#events.push(change);
    this.#bytes += change.size;
    while (this.#events.length - this.#head > this.#maxEvents || this.#bytes > this.#maxBytes) {
      if (this.#head >= this.#events.length) break;
      const oldest = this.#events[this.#head]!;
      this.#events[this.#head++] = undefined as unknown as Change;
      this.#bytes -= oldest.size;
      this.floor = oldest.revision;
    }
    // Cutting only when half is dead keeps the cost of a drop constant.
    if (this.#head > 64 && this.#head * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Changes later than `revision`, oldest first. Only valid when `revision >= floor`. */
  since(revision: number): readonly Change[] {
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low === this.#events.length ? [] : this.#events.slice(low);
  }
}
