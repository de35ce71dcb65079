import type { Clock, Timer } from '@drydock/base/clock';
import type { Channel, ChannelReader } from './channel.ts';
import type { WatchBatch } from './watch-event.ts';
import { bookmarkEvent } from './watch-event.ts';

/**
 * A running watch: batches in revision order. Ending the loop, `close()`, or the signal given to `watch` ends it.
 * It ends by itself, without error, at its timeout, when its reader is too slow, and when the cache had to be rebuilt.
 */
export interface StoredWatch extends AsyncIterableIterator<WatchBatch> {
  close(): void;
}

export interface WatchSource {
  readonly clock: Clock;
  readonly channel: Channel;
  readonly apiVersion: string;
  readonly kind: string;
  /** Batches that come before the channel's: synthetic ADDED, or what is resumed. */
  readonly initial: Iterator<WatchBatch>;
  /** Unsubscribes from the channel; called once. */
  release(reader: ChannelReader): void;
  /** Revision up to which everything has been dispatched. */
  dispatched(): number;
}

export interface WatchLimits {
  readonly bookmarks: boolean;
  readonly bookmarkIntervalMs: number;
  /** Undefined: none. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const bookmarkBeforeEndMs = 2_000;
/** Timers count in 31 bits; a longer wait is cut into pieces. */
const longestTimerMs = 2 ** 31 - 1;
type Result = IteratorResult<WatchBatch, undefined>;
const finished: Result = { done: true, value: undefined };

/** Starts a watch at the channel's present end. The reader must have been added to the channel already by `release`'s owner. */
export class CacheWatch implements StoredWatch, ChannelReader {
  cursor: number;
  readonly #source: WatchSource;
  readonly #limits: WatchLimits;
  readonly #endsAt: number;
  #initial: Iterator<WatchBatch> | undefined;
  #closed = false;
  #bookmarkDue = false;
  #timer: Timer | undefined;
  #take: ((result: Result) => void) | undefined;
  #waiting = false;
  readonly #onAbort = (): void => this.close();

  constructor(source: WatchSource, limits: WatchLimits) {
    this.#source = source;
    this.#limits = limits;
    this.cursor = source.channel.end;
    this.#initial = source.initial;
    this.#endsAt = limits.timeoutMs === undefined ? Infinity : source.clock.monotonicMs() + limits.timeoutMs;
    source.channel.readers.add(this);
    if (limits.signal?.aborted === true) this.close();
    else {
      limits.signal?.addEventListener('abort', this.#onAbort, { once: true });
      this.#arm();
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const ready = this.#poll();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#take = resolve;
      this.#wait();
    });
  }

  return(): Promise<Result> {
    this.close();
    return Promise.resolve(finished);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#initial = undefined;
    this.#timer?.cancel();
    this.#limits.signal?.removeEventListener('abort', this.#onAbort);
    this.#source.release(this);
    this.#give(finished);
  }

  wake(): void {
    this.#waiting = false;
    if (this.#take === undefined) return;
    const ready = this.#poll();
    if (ready === undefined) this.#wait();
    else this.#give(ready);
  }

  #give(result: Result): void {
    const take = this.#take;
    this.#take = undefined;
    take?.(result);
  }

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#source.channel.wait(this);
  }

  /** What can be given at once, if anything. */
  #poll(): Result | undefined {
    if (this.#closed) return finished;
    if (this.#initial !== undefined) {
      const batch = this.#initial.next();
      if (batch.done !== true) return { done: false, value: batch.value };
      this.#initial = undefined;
    }
    const { channel } = this.#source;
    // A channel that ended is not to be trusted any more, but what it holds was true.
    const batch = channel.read(this);
    if (batch === 'lost' || (batch === undefined && channel.ended)) {
      this.close();
      return finished;
    }
    if (batch !== undefined) return { done: false, value: batch };
    if (!this.#bookmarkDue) return undefined;
    this.#bookmarkDue = false;
    const { apiVersion, kind } = this.#source;
    return { done: false, value: [bookmarkEvent(apiVersion, kind, this.#source.dispatched())] };
  }

  /** Sets the timer for the next bookmark or the end, whichever is first. */
  #arm(): void {
    const left = this.#endsAt - this.#source.clock.monotonicMs();
    let delayMs = left;
    if (this.#limits.bookmarks) {
      delayMs = Math.min(delayMs, this.#limits.bookmarkIntervalMs);
      if (left > bookmarkBeforeEndMs) delayMs = Math.min(delayMs, left - bookmarkBeforeEndMs);
    }
    if (delayMs === Infinity) return;
    this.#timer = this.#source.clock.setTimeout(() => this.#tick(), Math.min(delayMs, longestTimerMs));
  }

  #tick(): void {
    if (this.#closed) return;
    if (this.#source.clock.monotonicMs() >= this.#endsAt) {
      this.close();
      return;
    }
    this.#bookmarkDue = this.#limits.bookmarks;
    this.#arm();
    if (this.#take !== undefined) {
      const ready = this.#poll();
      if (ready !== undefined) this.#give(ready);
    }
  }
}
