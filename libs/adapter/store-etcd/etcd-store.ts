import type { Store, StoreEntry, StoreSnapshot } from '@drydock/port/store';
import { assertValidKey, MAX_KEY_BYTES, StoreError } from '@drydock/port/store';
import { status, type ServiceError } from '@grpc/grpc-js';
import { startCompaction } from './compaction.ts';
import { connectEtcd, type EtcdTls } from './connection.ts';
import type { Compare, KeyValue, RangeRequest, RangeResponse, RequestOp, TxnResponse } from './gen/etcd.ts';
import { Compare_CompareResult, Compare_CompareTarget } from './gen/etcd.ts';
import { createKeyspace, type Keyspace, type KeyRange } from './keys.ts';
import { readBase } from './revision-base.ts';
import type { EtcdUser } from './tokens.ts';
import { createWatchStream } from './watch-stream.ts';

export interface EtcdStoreOptions {
  /** `host:port` or `http://host:port` without encryption, `https://host:port` with; members of one cluster. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  /** Where etcd knows users by their passwords. */
  readonly user?: EtcdUser;
  /** What keys begin with in etcd, so that several clusters can share one. Default nothing. */
  readonly keyPrefix?: string;
  /** What all of the store's keys begin with, and `keyPrefix` stands for in etcd. Default nothing: it is put before every key. */
  readonly root?: string;
  /** How long a call may take, reconnecting included. Default 10,000. */
  readonly timeoutMs?: number;
  /** Keys read at a time by `list`. Default 5,000. */
  readonly pageSize?: number;
  /** Changes are forgotten when they are this old, or up to twice as old; 0 (the default): never. */
  readonly compactionIntervalMs?: number;
}

/** Where the options say that the keys are. */
export const keyspaceOf = ({ keyPrefix = '', root = '' }: EtcdStoreOptions): Keyspace =>
  createKeyspace(keyPrefix, root);

const nothing = new Uint8Array();
const range = (fields: Partial<RangeRequest>): RangeRequest => ({
  key: nothing,
  rangeEnd: nothing,
  limit: 0,
  revision: 0,
  serializable: false,
  keysOnly: false,
  ...fields,
});

/**
 * A store in etcd v3: one transaction a write, linearizable reads, a watch that survives its connection.
 * Rejects with a StoreError `Unavailable` when no member answers in time; a write whose answer was lost is `ambiguous`. A value
 * that is too big for etcd, and a write that it has no room for, are `Refused` in etcd's words.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { pageSize = 5_000 } = options;
  const keys = keyspaceOf(options);
  const connection = connectEtcd({
    endpoints: options.endpoints,
    tls: options.tls,
    user: options.user,
    timeoutMs: options.timeoutMs ?? 10_000,
  });
  let base: number;
  try {
    base = await readBase(connection, keys);
  } catch (error) {
    connection.close();
    throw error;
  }
  const watches = createWatchStream(connection, keys, base);
  const underWay = new Set<Promise<unknown>>();
  let stopCompacting = (): void => undefined;
  let closing: Promise<void> | undefined;

  function assertOpen(key?: string): void {
    if (closing !== undefined)
      throw new StoreError('Closed', 'the store is closed', key === undefined ? {} : { key });
  }

  // A copy: the bytes received are a part of a larger message that would be kept alive with them.
  const toEntry = (kv: KeyValue): StoreEntry => ({
    key: keys.decode(kv.key),
    value: new Uint8Array(kv.value),
    revision: kv.modRevision + base,
  });

  const read = (request: Partial<RangeRequest>) =>
    connection.read<RangeResponse>((kv, metadata, callOptions, answer) =>
      kv.range(range(request), metadata, callOptions, answer),
    );

  /** One transaction: `then` if the key is at `expected`, else a read of what is there. */
  async function write(key: string, expected: number, then: RequestOp['request']): Promise<number> {
    const bytes = keys.encode(key);
    const compare: Compare = {
      result: Compare_CompareResult.EQUAL,
      target: Compare_CompareTarget.MOD,
      key: bytes,
      // 0 is an absent key; what was not written by this etcd is no revision of any key.
      targetUnion: {
        $case: 'modRevision',
        modRevision: expected === 0 ? 0 : expected > base ? expected - base : -1,
      },
    };
    const otherwise = { $case: 'requestRange', requestRange: range({ key: bytes }) } as const;
    const done = connection
      .write<TxnResponse>((kv, metadata, callOptions, answer) =>
        kv.txn(
          { compare: [compare], success: [{ request: then }], failure: [{ request: otherwise }] },
          metadata,
          callOptions,
          answer,
        ),
      )
      .then(async (answer) => {
        const revision = (answer.header?.revision ?? 0) + base;
        if (answer.succeeded) {
          await watches.delivered(revision);
          return revision;
        }
        const [first] = answer.responses;
        const found =
          first?.response?.$case === 'responseRange' ? first.response.responseRange.kvs[0] : undefined;
        throw refusal(key, expected, found === undefined ? undefined : toEntry(found));
      });
    underWay.add(done);
    try {
      return await done;
    } finally {
      underWay.delete(done);
    }
  }

  /** False when `revision` is not written yet. */
  async function compacted(revision: number): Promise<boolean> {
    try {
      await connection.read((kv, metadata, callOptions, answer) =>
        kv.compact({ revision }, metadata, callOptions, answer),
      );
    } catch (error) {
      if (codeOf(error) !== status.OUT_OF_RANGE) throw error;
      // Already forgotten, by someone else perhaps: that is what was wanted.
      return !/future/.test((error as StoreError).message);
    }
    return true;
  }

  /** All of a range, read in pages as of one revision. */
  async function pages({ key: first, rangeEnd }: KeyRange): Promise<StoreSnapshot> {
    const entries: StoreEntry[] = [];
    let key = first;
    let revision = 0;
    for (;;) {
      const page = await read({ key, rangeEnd, limit: pageSize, revision });
      // Every further page is read as of the first.
      if (revision === 0) revision = page.header?.revision ?? 0;
      for (const kv of page.kvs) entries.push(toEntry(kv));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined)
        return { entries: entries.filter((entry) => entry.key !== keys.baseKey), revision: revision + base };
      key = new Uint8Array(last.key.length + 1);
      key.set(last.key);
    }
  }

  async function shutDown(): Promise<void> {
    stopCompacting();
    await Promise.allSettled(underWay);
    watches.end(new StoreError('Closed', 'the store is closed'));
    connection.close();
  }

  const store: Store = {
    async get(key) {
      assertOpen(key);
      if (!fits(key)) return undefined;
      const { kvs } = await read({ key: keys.encode(key) });
      return kvs[0] === undefined ? undefined : toEntry(kvs[0]);
    },

    async list(prefix) {
      assertOpen();
      const whole = keys.range(prefix);
      for (;;) {
        try {
          return await pages(whole);
        } catch (error) {
          // The first page's revision was compacted before the last page was read.
          if (codeOf(error) !== status.OUT_OF_RANGE) throw error;
        }
      }
    },

    async create(key, value) {
      assertOpen(key);
      assertValidKey(key);
      return write(key, 0, { $case: 'requestPut', requestPut: { key: keys.encode(key), value } });
    },

    async update(key, value, expectedRevision) {
      assertOpen(key);
      assertValidKey(key);
      // etcd writes "absent" as revision 0; here an absent key is a refusal of its own.
      const expected = expectedRevision === 0 ? -1 : expectedRevision;
      return write(key, expected, {
        $case: 'requestPut',
        requestPut: { key: keys.encode(key), value },
      });
    },

    async delete(key, expectedRevision) {
      assertOpen(key);
      assertValidKey(key);
      const expected = expectedRevision === 0 ? -1 : expectedRevision;
      return write(key, expected, {
        $case: 'requestDeleteRange',
        requestDeleteRange: { key: keys.encode(key) },
      });
    },

    watch: (fromRevision, sink) => watches.watch(fromRevision, sink),

    async revision() {
      assertOpen();
      const { header } = await read({ key: keys.all.key, keysOnly: true });
      return (header?.revision ?? 0) + base;
    },

    async compact(revision) {
      assertOpen();
      // etcd keeps the change at the very revision it compacts to; the one after it may not be written yet.
      const own = revision - base;
      if (own > 0 && !(await compacted(own + 1))) await compacted(own);
    },

    close() {
      closing ??= shutDown();
      return closing;
    },
  };
  try {
    await store.revision();
    const { compactionIntervalMs = 0 } = options;
    if (compactionIntervalMs > 0) stopCompacting = startCompaction(store, compactionIntervalMs);
    return store;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** gRPC code of what etcd answered. */
function codeOf(error: unknown): number | undefined {
  return error instanceof StoreError ? (error.cause as ServiceError | undefined)?.code : undefined;
}

/** Whether a key of this length can be there at all. */
function fits(key: string): boolean {
  return key.length > 0 && Buffer.byteLength(key) <= MAX_KEY_BYTES;
}

function refusal(key: string, expected: number, current: StoreEntry | undefined): StoreError {
  if (expected === 0) return new StoreError('KeyExists', `key ${key} exists`, { key });
  if (current === undefined) return new StoreError('KeyNotFound', `key ${key} does not exist`, { key });
  const message = `key ${key} is at revision ${current.revision}, not ${expected}`;
  return new StoreError('RevisionMismatch', message, { key, current });
}
