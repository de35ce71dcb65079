import type { Filter } from './filter.ts';
import type { Change, StoredWatchEvent, WatchBatch } from './watch-event.ts';

export interface ChannelLimits {
  /** A watcher that is more events behind than this is cut off. */
  readonly maxEvents: number;
  /** … or more bytes. */
  readonly maxBytes: number;
}

/** Who reads a channel. */
export interface ChannelReader {
  /** Position of the next event to read. */
  cursor: number;
  /** Called once after something was appended, or the channel ended, when the reader had asked for it by `waiting`. */
  wake(): void;
}

const maxBatch = 1000;

/**
 * The events that one filter lets through, shared by all watchers with that filter. A watcher is a cursor into the
 * channel's log, so that a hundred watchers cost one matching and one queue; those that read in step get the very same
 * batch, whose encoding is then shared too.
 */
export class Channel {
  readonly filter: Filter;
  /** Set when the cache lost track of the store: readers must end. */
  ended = false;
  readonly readers = new Set<ChannelReader>();
  readonly #limits: ChannelLimits;
  #log: StoredWatchEvent[] = [];
  /** Position of the log's first event. */
  #base = 0;
  #bytes = 0;
  #trimAt = 256;
  #waiting: ChannelReader[] = [];
  #last: { start: number; end: number; batch: WatchBatch } | undefined;

  constructor(filter: Filter, limits: ChannelLimits) {
    this.filter = filter;
    this.#limits = limits;
  }

  get end(): number {
    return this.#base + this.#log.length;
  }

  /** How the filter's watchers see a change; undefined when they do not. */
  view(change: Change): StoredWatchEvent | undefined {
    const { matches } = this.filter;
    const { current, previous } = change;
    if (matches === undefined) {
      if (current === undefined) return change.deleted();
      return previous === undefined ? change.added() : change.modified();
    }
    const is = current !== undefined && matches(current);
    const was = previous !== undefined && matches(previous);
    if (is) return was ? change.modified() : change.added();
    return was ? change.deleted() : undefined;
  }

  /** True when a reader waits for this and the channel was quiet before. */
  publish(change: Change): boolean {
    // What follows a rebuild may have a gap before it.
    if (this.ended) return false;
    const event = this.view(change);
    if (event === undefined) return false;
    this.#log.push(event);
    this.#bytes += change.size;
    if (this.#log.length >= this.#trimAt || this.#bytes > this.#limits.maxBytes) this.#trim();
    return this.#waiting.length > 0;
  }

  /** Asks for one `wake`. */
  wait(reader: ChannelReader): void {
    this.#waiting.push(reader);
  }

  wakeAll(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const reader of waiting) reader.wake();
    // Whoever was waiting has read all there is by now, so there is little left to keep.
    this.#trim();
  }

  /** The next events for a reader, and moves its cursor. Undefined when there are none; 'lost' when they are gone. */
  read(reader: ChannelReader): WatchBatch | 'lost' | undefined {
    const start = reader.cursor;
    if (start < this.#base) return 'lost';
    const end = Math.min(this.end, start + maxBatch);
    if (start === end) return undefined;
    reader.cursor = end;
    if (this.#last !== undefined && this.#last.start === start && this.#last.end === end)
      return this.#last.batch;
    const batch = this.#log.slice(start - this.#base, end - this.#base);
    this.#last = { start, end, batch };
    return batch;
  }

  endAll(): void {
    this.ended = true;
    this.wakeAll();
  }

  /** Drops what every reader has read, and beyond the limits also what slow readers have not. */
  #trim(): void {
    let keepFrom = this.end;
    for (const { cursor } of this.readers) if (cursor < keepFrom) keepFrom = cursor;
    const perEvent = this.#log.length === 0 ? 0 : this.#bytes / this.#log.length;
    const byBytes = perEvent === 0 ? Infinity : Math.floor(this.#limits.maxBytes / perEvent);
    // When a limit is passed, half of it goes, so that the work is paid for by many events.
    const allowed = Math.min(this.#limits.maxEvents, byBytes);
    if (this.end - keepFrom > allowed) keepFrom = this.end - Math.floor(allowed / 2);
    const drop = keepFrom - this.#base;
    if (drop > 0) {
      this.#log = this.#log.slice(drop);
      this.#base = keepFrom;
      this.#bytes = perEvent * this.#log.length;
    }
    this.#trimAt = Math.max(256, Math.min(this.#log.length * 2, this.#limits.maxEvents + 1));
    if (this.#last !== undefined && this.#last.end <= keepFrom) this.#last = undefined;
  }
}
