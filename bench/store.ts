import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEtcdStore } from '@drydock/store-etcd';
import { etcdInstalled, startEtcd } from '@drydock/store-etcd/etcd-server';
import { createMemoryStore } from '@drydock/store-memory';
import { openLmdbStore } from '@drydock/store-lmdb';
import type { Store } from '@drydock/port/store';

/**
 * Writes per second of each store, durable but for `memory`: 1 KB values, a fixed number of writes in flight. etcd, where it is
 * installed, is one member on this machine, with a tenth of the writes.
 * Usage: node bench/store.ts [--writes N] [--in-flight N] [--dir DIR]
 */
interface Row {
  engine: string;
  operation: string;
  inFlight: number;
  operations: number;
  perSecond: number;
}

const flag = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
};
const writes = Number(flag('writes', '60000'));
const inFlight = Number(flag('in-flight', '64'));
const base = flag('dir', tmpdir());

const value = new Uint8Array(1024).fill(120);
const keyOf = (i: number): string => `/registry/bench/things/default/object-${i}`;

/** Runs `operation(0..count-1)` with `width` under way at any time. */
async function run(
  count: number,
  width: number,
  operation: (i: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const begin = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) await operation(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return count / ((performance.now() - begin) / 1000);
}

async function measure(engine: string, store: Store, rows: Row[], writes: number): Promise<void> {
  let delivered = 0;
  store.watch(await store.revision(), { events: (batch) => (delivered += batch.length), ended() {} });
  const revisions: number[] = [];
  const one = async (
    operation: string,
    count: number,
    width: number,
    step: (i: number) => Promise<unknown>,
  ) => {
    const perSecond = Math.round(await run(count, width, step));
    rows.push({ engine, operation, inFlight: width, operations: count, perSecond });
  };
  await one('create', writes, inFlight, async (i) => (revisions[i] = await store.create(keyOf(i), value)));
  await one('update', writes, inFlight, async (i) => {
    revisions[i] = await store.update(keyOf(i), value, revisions[i]!);
  });
  await one('get', writes, inFlight, (i) => store.get(keyOf(i)));
  await one('list all', 5, 1, () => store.list('/registry/'));
  await one('delete', writes, inFlight, (i) => store.delete(keyOf(i), revisions[i]!));
  await one('create', 500, 1, (i) => store.create(`${keyOf(i)}-alone`, value));
  // A store of its own process tells of its last writes a moment later.
  for (let look = 0; look < 100 && delivered < writes * 3 + 500; look++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  if (delivered !== writes * 3 + 500) throw new Error(`a watcher saw ${delivered} events`);
  await store.close();
}

const rows: Row[] = [];
const directory = mkdtempSync(join(base, 'drydock-bench-'));
try {
  await measure('memory', createMemoryStore(), rows, writes);
  await measure('lmdb', await openLmdbStore({ directory }), rows, writes);
  if (etcdInstalled()) {
    const etcd = await startEtcd();
    try {
      await measure('etcd', await openEtcdStore({ endpoints: [etcd.endpoint] }), rows, writes / 10);
    } finally {
      await etcd.dispose();
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.table(rows);
console.log(JSON.stringify({ bench: 'store', valueBytes: value.length, rows }));
