import type { StoreEvent, StoreWatch, WatchSink } from './store.ts';
import { StoreError } from './store-error.ts';

export interface WatchHubOptions {
  /** Revision up to which changes are not known here: the store's revision when it was opened. */
  floor: number;
  /** How many of the newest events are kept for watches that begin in the past. */
  maxEvents: number;
  /** Bound on the bytes of the values those events hold. */
  maxBytes: number;
}

/**
 * What embedded stores share: a window of recent events and the watches that read from it.
 * The owner publishes committed events in revision order; the hub decides who gets what.
 */
export interface WatchHub {
  /** Delivers to every live watch before it returns. The batch must be in revision order and later than all before. */
  publish(batch: readonly StoreEvent[]): void;
  watch(fromRevision: number, sink: WatchSink): StoreWatch;
  /** Forgets events up to and including `revision`; watches that have already passed them go on. */
  compact(revision: number): void;
  /** Delivers what is outstanding, then ends every watch with `error`; later watches end with it at once. */
  end(error: StoreError): void;
}

interface Watcher {
  readonly sink: WatchSink;
  /** Everything up to this revision was delivered or not asked for. */
  seen: number;
  /** False until the first, asynchronous, delivery. */
  started: boolean;
  active: boolean;
}

const sizeOf = (event: StoreEvent): number =>
  (event.type === 'put' ? event.value : event.prevValue)?.byteLength ?? 0;

/** Makes a hub with an empty window. */
export function createWatchHub(options: WatchHubOptions): WatchHub {
  const { maxEvents, maxBytes } = options;
  let floor = options.floor;
  let events: StoreEvent[] = [];
  /** Index in `events` of the oldest event still kept; those before it wait for the next cut. */
  let head = 0;
  let bytes = 0;
  let endedWith: StoreError | undefined;
  const watchers = new Set<Watcher>();

  function dropOldest(): void {
    const oldest = events[head]!;
    bytes -= sizeOf(oldest);
    floor = Math.max(floor, oldest.revision);
    head++;
  }

  function cut(): void {
    // Cutting only when half is dead keeps the cost of a drop constant.
    if (head > 64 && head * 2 >= events.length) {
      events = events.slice(head);
      head = 0;
    }
  }

  /** Index of the first kept event later than `revision`. */
  function indexAfter(revision: number): number {
    let low = head;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function finish(watcher: Watcher, error: StoreError): void {
    if (!watcher.active) return;
    watcher.active = false;
    watchers.delete(watcher);
    watcher.sink.ended(error);
  }

  function catchUp(watcher: Watcher): void {
    watcher.started = true;
    if (watcher.seen < floor) {
      finish(
        watcher,
        new StoreError(
          'Compacted',
          `changes after revision ${watcher.seen} are no longer known (oldest: ${floor})`,
        ),
      );
      return;
    }
    const missed = events.slice(indexAfter(watcher.seen));
    if (missed.length === 0) return;
    watcher.seen = missed.at(-1)!.revision;
    watcher.sink.events(missed);
  }

  function deliver(watcher: Watcher, batch: readonly StoreEvent[], last: number): void {
    // A watch may begin at a revision that is committed but not yet published, or in the future.
    const wanted = batch[0]!.revision > watcher.seen ? batch : batch.filter((e) => e.revision > watcher.seen);
    if (wanted.length === 0) return;
    watcher.seen = last;
    watcher.sink.events(wanted);
  }

  return {
    publish(batch) {
      if (batch.length === 0) return;
      for (const event of batch) {
        events.push(event);
        bytes += sizeOf(event);
      }
      const last = batch.at(-1)!.revision;
      for (const watcher of watchers) {
        if (watcher.active && watcher.started) deliver(watcher, batch, last);
      }
      while (events.length - head > maxEvents || (bytes > maxBytes && head < events.length)) dropOldest();
      cut();
    },

    watch(fromRevision, sink) {
      const watcher: Watcher = { sink, seen: fromRevision, started: false, active: true };
      watchers.add(watcher);
      queueMicrotask(() => {
        if (!watcher.active || watcher.started) return;
        if (endedWith === undefined) catchUp(watcher);
        else finish(watcher, endedWith);
      });
      return {
        cancel() {
          watcher.active = false;
          watchers.delete(watcher);
        },
      };
    },

    compact(revision) {
      while (head < events.length && events[head]!.revision <= revision) dropOldest();
      cut();
      floor = Math.max(floor, revision);
    },

    end(error) {
      if (endedWith !== undefined) return;
      endedWith = error;
      for (const watcher of [...watchers]) {
        if (watcher.active && !watcher.started) catchUp(watcher);
        finish(watcher, error);
      }
      events = [];
      head = 0;
      bytes = 0;
    },
  };
}
