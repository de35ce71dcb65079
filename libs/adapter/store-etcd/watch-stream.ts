import type { StoreEvent, StoreWatch, WatchSink } from '@drydock/port/store';
import { StoreError } from '@drydock/port/store';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { EtcdConnection } from './connection.ts';
import type { Event, WatchRequest, WatchResponse } from './gen/etcd.ts';
import { Event_EventType } from './gen/etcd.ts';
import type { Keyspace } from './keys.ts';
import type { Pass } from './tokens.ts';

interface Entry {
  readonly id: number;
  readonly sink: WatchSink;
  /** Everything up to this revision was delivered, or was not asked for. */
  seen: number;
  /** The parts of an answer that etcd cut into several. */
  parts: Event[];
  active: boolean;
}

export interface WatchStream {
  watch(fromRevision: number, sink: WatchSink): StoreWatch;
  /** Resolves once every watch has been told of `revision`, or cannot be for now. */
  delivered(revision: number): Promise<void>;
  /** Ends every watch. */
  end(error: StoreError): void;
}

/** How long a writer waits for its own event: only while the stream is broken does it take that long. */
const patienceMs = 2_000;
const maxBackoffMs = 2_000;

/**
 * All watches of one store over one stream to etcd; after a break each goes on after what it has seen. The stream asks
 * for a leader, so that a member cut off from its cluster does not leave watches silent. `base` is added to etcd's revisions.
 */
export function createWatchStream(connection: EtcdConnection, keys: Keyspace, base = 0): WatchStream {
  const entries = new Map<number, Entry>();
  let waiters: { revision: number; resolve(): void }[] = [];
  let nextId = 1;
  let stream: ClientDuplexStream<WatchRequest, WatchResponse> | undefined;
  let heardAt = 0;
  let opening = false;
  let failures = 0;
  let endedWith: StoreError | undefined;

  function toEvent(event: Event): StoreEvent | undefined {
    const { kv, prevKv } = event;
    if (kv === undefined) return undefined;
    const key = keys.decode(kv.key);
    if (key === keys.baseKey) return undefined;
    const revision = kv.modRevision + base;
    const prevRevision = prevKv === undefined ? 0 : prevKv.modRevision + base;
    if (event.type === Event_EventType.DELETE)
      return {
        ...{ type: 'delete', key, revision, prevRevision },
        ...(prevKv === undefined ? {} : { prevValue: new Uint8Array(prevKv.value) }),
      };
    // A copy: the bytes received are a part of a larger message that would be kept alive with them.
    const value = new Uint8Array(kv.value);
    return {
      type: 'put',
      key,
      value,
      revision,
      prevRevision: kv.version === 1 ? 0 : prevRevision,
    };
  }

  function settle(): void {
    if (waiters.length === 0) return;
    let least = Infinity;
    for (const { seen, active } of entries.values()) if (active && seen < least) least = seen;
    const ready = waiters.filter(({ revision }) => revision <= least);
    if (ready.length === 0) return;
    waiters = waiters.filter(({ revision }) => revision > least);
    for (const { resolve } of ready) resolve();
  }

  function finish(entry: Entry, error: StoreError): void {
    if (!entry.active) return;
    entry.active = false;
    entries.delete(entry.id);
    entry.sink.ended(error);
    settle();
  }

  function ask(entry: Entry): void {
    stream?.write({
      requestUnion: {
        $case: 'createRequest',
        createRequest: {
          ...keys.all,
          startRevision: entry.seen + 1 - base,
          progressNotify: true,
          prevKv: true,
          watchId: entry.id,
          fragment: true,
        },
      },
    });
  }

  function answer(response: WatchResponse, pass: Pass): void {
    heardAt = Date.now();
    const entry = entries.get(response.watchId);
    // Of one that was ended here there is nothing left to say; one that could not even begin has no number of its own.
    if (entry === undefined && response.watchId >= 0) return;
    if (response.canceled && response.compactRevision === 0) {
      // The member gave up on this watch alone, perhaps for its token; it goes on with a new stream and a new token.
      pass.forget();
      stream?.cancel();
      return;
    }
    failures = 0;
    if (entry === undefined) return;
    if (response.canceled) {
      const known = `changes after revision ${entry.seen} are no longer known`;
      finish(entry, new StoreError('Compacted', `${known} (oldest: ${response.compactRevision + base})`));
      return;
    }
    if (response.created) return;
    for (const event of response.events) entry.parts.push(event);
    if (response.fragment) return;
    const received = entry.parts;
    entry.parts = [];
    const batch: StoreEvent[] = [];
    for (const one of received) {
      const event = toEvent(one);
      if (event !== undefined && event.revision > entry.seen) batch.push(event);
    }
    // An answer without changes is news of progress.
    const last = batch.at(-1)?.revision ?? (response.header?.revision ?? 0) + base;
    if (last > entry.seen) entry.seen = last;
    if (batch.length > 0) entry.sink.events(batch);
    settle();
  }

  function broken(which: ClientDuplexStream<WatchRequest, WatchResponse>, leave: () => void): void {
    if (stream !== which) return;
    stream = undefined;
    failures++;
    for (const entry of entries.values()) entry.parts = [];
    leave();
    const delay = Math.min(maxBackoffMs, 50 * 2 ** Math.min(failures - 1, 10));
    setTimeout(() => void open(), delay).unref();
  }

  async function open(): Promise<void> {
    if (stream !== undefined || opening || endedWith !== undefined || entries.size === 0) return;
    opening = true;
    try {
      const { client, pass, leave } = await connection.watcher();
      if (endedWith !== undefined) return;
      const metadata = pass.metadata.clone();
      metadata.set('hasleader', 'true');
      const opened = client.watch(metadata);
      stream = opened;
      opened.on('data', (response: WatchResponse) => answer(response, pass));
      opened.on('error', () => broken(opened, leave));
      opened.on('end', () => broken(opened, leave));
      for (const entry of entries.values()) ask(entry);
    } catch {
      failures++;
      setTimeout(() => void open(), maxBackoffMs).unref();
    } finally {
      opening = false;
    }
  }

  return {
    watch(fromRevision, sink) {
      const entry: Entry = { id: nextId++, sink, seen: fromRevision, parts: [], active: true };
      entries.set(entry.id, entry);
      if (fromRevision < base) {
        // Before the restore there was another etcd.
        const error = new StoreError(
          'Compacted',
          `changes after revision ${fromRevision} are no longer known (oldest: ${base})`,
        );
        queueMicrotask(() => finish(entry, error));
      } else if (endedWith !== undefined) {
        const error = endedWith;
        queueMicrotask(() => finish(entry, error));
      } else if (stream === undefined) {
        void open();
      } else {
        ask(entry);
      }
      return {
        cancel() {
          if (!entry.active) return;
          entry.active = false;
          entries.delete(entry.id);
          stream?.write({
            requestUnion: { $case: 'cancelRequest', cancelRequest: { watchId: entry.id } },
          });
          settle();
        },
      };
    },
    delivered(revision) {
      let behind = false;
      for (const { seen } of entries.values()) behind ||= seen < revision;
      if (!behind) return Promise.resolve();
      return new Promise((resolve) => {
        const waiter = {
          revision,
          resolve() {
            clearTimeout(timer);
            resolve();
          },
        };
        const since = Date.now();
        const timer = setTimeout(() => {
          waiters = waiters.filter((one) => one !== waiter);
          // Written through a member that serves, and the one that is watched says nothing at all.
          if (heardAt < since) stream?.cancel();
          resolve();
        }, patienceMs);
        waiters.push(waiter);
      });
    },
    end(error) {
      if (endedWith !== undefined) return;
      endedWith = error;
      for (const entry of [...entries.values()]) finish(entry, error);
      const last = stream;
      stream = undefined;
      last?.cancel();
    },
  };
}
