import type { Store, StoreEntry, StoreEvent } from '@drydock/port/store';
import { assertValidKey, createWatchHub, StoreError } from '@drydock/port/store';
import sortedBtree from 'sorted-btree';
import { compareUtf8 } from './key-order.ts';

// The package is CommonJS: its default import is the exports object in Node, and its `default` under bundlers.
const BTree = sortedBtree.default ?? (sortedBtree as unknown as typeof sortedBtree.default);

export interface MemoryStoreOptions {
  /** How many recent events are kept for watches that begin in the past. Default 10,000. */
  watchWindow?: number;
  /** Bound on the bytes of the values those events hold. Default 64 MiB. */
  watchWindowBytes?: number;
}

/** A key's place in the order; updates replace the entry and leave the tree alone. */
interface Cell {
  entry: StoreEntry;
}

/**
 * A store that lives and dies with its process: for tests and throw-away clusters. Writes are done when the call
 * returns; events of one turn are delivered as one batch, before any of their writers' promises resolves.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  let revision = 1;
  let closed = false;
  let closing: Promise<void> | undefined;
  const cells = new Map<string, Cell>();
  const ordered = new BTree<string, Cell>(undefined, compareUtf8);
  const hub = createWatchHub({
    floor: 0,
    maxEvents: options.watchWindow ?? 10_000,
    maxBytes: options.watchWindowBytes ?? 64 * 1024 * 1024,
  });
  let outbox: StoreEvent[] = [];

  function flush(): void {
    const batch = outbox;
    if (batch.length === 0) return;
    outbox = [];
    hub.publish(batch);
  }

  function emit(event: StoreEvent): void {
    if (outbox.push(event) === 1) queueMicrotask(flush);
  }

  function assertOpen(key?: string): void {
    if (closed) throw new StoreError('Closed', 'the store is closed', key === undefined ? {} : { key });
  }

  function cellAt(key: string, expectedRevision: number): Cell {
    assertValidKey(key);
    const cell = cells.get(key);
    if (cell === undefined) throw new StoreError('KeyNotFound', `key ${key} does not exist`, { key });
    if (cell.entry.revision !== expectedRevision) {
      throw new StoreError(
        'RevisionMismatch',
        `key ${key} is at revision ${cell.entry.revision}, not ${expectedRevision}`,
        { key, current: cell.entry },
      );
    }
    return cell;
  }

  return {
    async get(key) {
      assertOpen(key);
      return cells.get(key)?.entry;
    },

    async list(prefix) {
      assertOpen();
      const entries: StoreEntry[] = [];
      for (const [key, cell] of ordered.entries(prefix)) {
        if (!key.startsWith(prefix)) break;
        entries.push(cell.entry);
      }
      return { entries, revision };
    },

    async create(key, value) {
      assertOpen(key);
      assertValidKey(key);
      if (cells.has(key)) throw new StoreError('KeyExists', `key ${key} exists`, { key });
      revision++;
      const cell: Cell = { entry: { key, value, revision } };
      cells.set(key, cell);
      ordered.set(key, cell);
      emit({ type: 'put', key, value, revision, prevRevision: 0 });
      return revision;
    },

    async update(key, value, expectedRevision) {
      assertOpen(key);
      const cell = cellAt(key, expectedRevision);
      revision++;
      cell.entry = { key, value, revision };
      emit({ type: 'put', key, value, revision, prevRevision: expectedRevision });
      return revision;
    },

    async delete(key, expectedRevision) {
      assertOpen(key);
      const { entry } = cellAt(key, expectedRevision);
      revision++;
      cells.delete(key);
      ordered.delete(key);
      emit({ type: 'delete', key, revision, prevRevision: expectedRevision, prevValue: entry.value });
      return revision;
    },

    watch(fromRevision, sink) {
      return hub.watch(fromRevision, sink);
    },

    async revision() {
      assertOpen();
      return revision;
    },

    async compact(upTo) {
      assertOpen();
      hub.compact(Math.min(upTo, revision));
    },

    close() {
      closed = true;
      closing ??= Promise.resolve().then(() => {
        // A turn later: after a flush that is already queued, and never inside a delivery.
        cells.clear();
        ordered.clear();
        hub.end(new StoreError('Closed', 'the store is closed'));
      });
      return closing;
    },
  };
}
