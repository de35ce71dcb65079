import type { Database, RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import { StoreError } from '@drydock/port/store';

/** Writes and reads keys as their UTF-8 bytes, so that LMDB's byte order is the store's order. */
const utf8Keys = {
  writeKey(key: string, target: Buffer, start: number): number {
    const room = target.length - start;
    // The engine grows its buffer and calls again on a RangeError; a short write would go unnoticed.
    if (key.length * 3 > room && Buffer.byteLength(key) > room) throw new RangeError('key exceeds buffer');
    return start + Buffer.prototype.write.call(target, key, start, 'utf8');
  },
  readKey(source: Buffer, start: number, end: number): string {
    return Buffer.prototype.toString.call(source, 'utf8', start, end);
  },
};

const REVISION_KEY = 'revision';
const FORMAT_KEY = 'format';
const FORMAT = 1;
/** What an empty store answers: 0 means "any" in the API. */
const FIRST_REVISION = 1;

export interface Environment {
  readonly directory: string;
  readonly root: RootDatabase;
  /** Key → value; each entry's version is the revision that wrote it. */
  readonly entries: Database<Uint8Array, string>;
  /** Adds the new revision to the transaction being written; resolves when that transaction is on disk. */
  putRevision(revision: number): Promise<boolean>;
  /** Writes the revision within `root.transactionSync`. */
  writeRevision(revision: number): void;
  /** The revision of the newest transaction on disk, or as `transaction` sees it. */
  readRevision(transaction?: ReturnType<RootDatabase['useReadTransaction']>): number;
  close(): Promise<void>;
}

/**
 * Opens the LMDB environment in an existing directory.
 *
 * `overlappingSync` is off: with it the engine acknowledges before it flushes. Without it a commit is what LMDB
 * itself makes of it: pages, fdatasync, then the meta page through a synchronous descriptor; only then is it visible.
 */
export function openEnvironment(directory: string, mapSizeBytes: number): Environment {
  const root = open({
    path: directory,
    noSubdir: false,
    mapSize: mapSizeBytes,
    maxDbs: 4,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
  } as Parameters<typeof open>[0]);
  const entries = root.openDB('entries', {
    encoding: 'binary',
    useVersions: true,
    keyEncoder: utf8Keys,
  } as Parameters<RootDatabase['openDB']>[1]) as Database<Uint8Array, string>;
  const meta = root.openDB('meta', { encoding: 'string', keyEncoder: utf8Keys } as Parameters<
    RootDatabase['openDB']
  >[1]) as Database<string, string>;

  const format = meta.get(FORMAT_KEY);
  if (format === undefined) {
    root.transactionSync(() => {
      meta.putSync(FORMAT_KEY, String(FORMAT));
      meta.putSync(REVISION_KEY, String(FIRST_REVISION));
    });
  } else if (format !== String(FORMAT)) {
    void root.close();
    throw new StoreError(
      'Unavailable',
      `data directory ${directory} has format ${format}; this version reads ${FORMAT}`,
    );
  }

  return {
    directory,
    root,
    entries,
    putRevision: (revision) => meta.put(REVISION_KEY, String(revision)),
    writeRevision: (revision) => void meta.putSync(REVISION_KEY, String(revision)),
    readRevision: (transaction) =>
      Number(meta.get(REVISION_KEY, transaction === undefined ? undefined : { transaction })),
    close: () => root.close(),
  };
}
