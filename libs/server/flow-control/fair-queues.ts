import type { Queuing } from './level-limits.ts';

/** A number below 2^53 that a text always gives and others hardly do. */
function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x1000193;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) + low;
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

/**
 * The queues that a flow may use: `handSize` different ones of them, so that few flows share all of theirs with one that
 * floods its own (shuffle sharding).
 */
export function handOf(flow: string, { queues, handSize }: Queuing): number[] {
  let hash = hashOf(flow);
  const hand: number[] = [];
  for (let dealt = 0; dealt < Math.min(handSize, queues); dealt++) {
    const left = queues - dealt;
    let card = hash % left;
    hash = Math.floor(hash / left);
    // The card is counted among those that are left.
    for (const taken of [...hand].sort((a, b) => a - b)) if (card >= taken) card++;
    hand.push(card);
  }
  return hand;
}

/** Requests that wait: each flow in the shortest of its queues, the queues served in turn. */
export class FairQueues<T> {
  readonly #queuing: Queuing;
  readonly #queues: T[][];
  #next = 0;
  #size = 0;

  constructor(queuing: Queuing) {
    this.#queuing = queuing;
    this.#queues = Array.from({ length: queuing.queues }, () => []);
  }

  get size(): number {
    return this.#size;
  }

  /** False where the shortest queue of the flow is full. */
  put(flow: string, item: T): boolean {
    const queue = handOf(flow, this.#queuing)
      .map((index) => this.#queues[index]!)
      .reduce((shortest, one) => (one.length < shortest.length ? one : shortest));
    if (queue.length >= this.#queuing.queueLengthLimit) return false;
    queue.push(item);
    this.#size++;
    return true;
  }

  /** The next one in turn. */
  take(): T | undefined {
    if (this.#size === 0) return undefined;
    for (;;) {
      const queue = this.#queues[this.#next]!;
      this.#next = (this.#next + 1) % this.#queues.length;
      const item = queue.shift();
      if (item === undefined) continue;
      this.#size--;
      return item;
    }
  }

  remove(item: T): void {
    for (const queue of this.#queues) {
      const at = queue.indexOf(item);
      if (at < 0) continue;
      queue.splice(at, 1);
      this.#size--;
      return;
    }
  }
}
