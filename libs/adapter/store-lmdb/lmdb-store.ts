import { mkdirSync } from 'node:fs';
import type { Store, StoreEntry } from '@drydock/port/store';
import { assertValidKey, createWatchHub, MAX_KEY_BYTES, StoreError } from '@drydock/port/store';
import { lockDirectory } from './directory-lock.ts';
import { openEnvironment } from './environment.ts';
import type { Precondition } from './group-commit.ts';
import { createGroupCommit } from './group-commit.ts';
import { preflight } from './preflight.ts';
import { openFailure } from './storage-error.ts';

export interface LmdbStoreOptions {
  /** Made, with its parents, if absent. One process at a time. */
  directory: string;
  /** Address space to begin with; the engine grows it as data does. Default 1 GiB. No disk is used for it. */
  mapSizeBytes?: number;
  /** How many recent events are kept in memory for watches that begin in the past. Default 10,000. */
  watchWindow?: number;
  /** Bound on the bytes of the values those events hold. Default 32 MiB. */
  watchWindowBytes?: number;
}

/**
 * Opens the embedded durable store. A write is acknowledged when it is on disk; writes that arrive while a commit
 * is under way are committed together. Changes made before the store was opened cannot be watched (`Compacted`).
 *
 * Rejects with a StoreError `Unavailable` whose message is one line for people: the directory is in use by another
 * process, cannot be written, or holds something else.
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { directory } = options;
  try {
    mkdirSync(directory, { recursive: true });
    preflight(directory);
    const lock = lockDirectory(directory);
    try {
      return openLocked(options, () => lock.release());
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw openFailure(directory, error);
  }
}

function openLocked(options: LmdbStoreOptions, unlock: () => void): Store {
  const environment = openEnvironment(options.directory, options.mapSizeBytes ?? 1024 ** 3);
  const { root, entries } = environment;
  const firstRevision = environment.readRevision();
  const hub = createWatchHub({
    // Nothing precedes the first write of a new store, so there a watch from 0 is complete.
    floor: firstRevision === 1 ? 0 : firstRevision,
    maxEvents: options.watchWindow ?? 10_000,
    maxBytes: options.watchWindowBytes ?? 32 * 1024 * 1024,
  });
  const commits = createGroupCommit(environment, hub);
  let closing: Promise<void> | undefined;

  function assertOpen(key?: string): void {
    if (closing !== undefined) {
      throw new StoreError('Closed', 'the store is closed', key === undefined ? {} : { key });
    }
  }

  async function shutDown(): Promise<void> {
    await commits.idle();
    hub.end(new StoreError('Closed', 'the store is closed'));
    await environment.close();
    unlock();
  }

  return {
    async get(key) {
      assertOpen(key);
      if (!fits(key)) return undefined;
      const found = entries.getEntry(key);
      return found && { key, value: found.value, revision: found.version! };
    },

    async list(prefix) {
      assertOpen();
      if (prefix !== '' && !fits(prefix)) return { entries: [], revision: environment.readRevision() };
      const transaction = root.useReadTransaction();
      try {
        const found: StoreEntry[] = [];
        // LMDB has no empty key; a zero byte is the least there can be.
        const range = entries.getRange({ start: prefix === '' ? '\0' : prefix, versions: true, transaction });
        for (const { key, value, version } of range) {
          if (!key.startsWith(prefix)) break;
          found.push({ key, value, revision: version! });
        }
        return { entries: found, revision: environment.readRevision(transaction) };
      } finally {
        transaction.done();
      }
    },

    async create(key, value) {
      assertOpen(key);
      assertValidKey(key);
      return commits.submit(key, value, (current) =>
        current === undefined ? undefined : new StoreError('KeyExists', `key ${key} exists`, { key }),
      );
    },

    async update(key, value, expectedRevision) {
      assertOpen(key);
      assertValidKey(key);
      return commits.submit(key, value, atRevision(key, expectedRevision));
    },

    async delete(key, expectedRevision) {
      assertOpen(key);
      assertValidKey(key);
      return commits.submit(key, undefined, atRevision(key, expectedRevision));
    },

    watch: (fromRevision, sink) => hub.watch(fromRevision, sink),

    async revision() {
      assertOpen();
      return environment.readRevision();
    },

    async compact(revision) {
      assertOpen();
      hub.compact(Math.min(revision, environment.readRevision()));
    },

    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

/** Whether the engine could hold this key; it throws at others, even when it is only asked for them. */
function fits(key: string): boolean {
  return key.length > 0 && Buffer.byteLength(key) <= MAX_KEY_BYTES;
}

function atRevision(key: string, expected: number): Precondition {
  return (current) => {
    if (current === undefined) return new StoreError('KeyNotFound', `key ${key} does not exist`, { key });
    if (current.revision === expected) return undefined;
    const message = `key ${key} is at revision ${current.revision}, not ${expected}`;
    return new StoreError('RevisionMismatch', message, { key, current: current.entry() });
  };
}
