import { openEtcdStore } from '@drydock/store-etcd';
import { etcdInstalled, startEtcd, type EtcdServer } from '@drydock/store-etcd/etcd-server';
import { openLmdbStore } from '@drydock/store-lmdb';
import type { Store } from '@drydock/port/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, newDataDir, removeDataDir } from '../support/index.ts';
import { checkHistory } from '../support/history/check.ts';
import { startLoad, type Load } from '../support/history/store-load.ts';

const more = (load: Load, count: number) => {
  const from = load.answered();
  return eventually(() => load.answered() >= from + count, {
    timeoutMs: 30_000,
    what: 'operations that succeed',
  });
};

describe('the history of clients that meet on few keys', () => {
  it('is linearizable on the embedded store, and its watch misses nothing', async () => {
    const directory = newDataDir();
    const store = await openLmdbStore({ directory });
    const load = await startLoad({ stores: [store], prefix: '/load/' });
    await more(load, 1_000);
    expect(checkHistory(await load.stop())).toEqual([]);
    await store.close();
    removeDataDir(directory);
  });
});

describe.skipIf(!etcdInstalled())('the history of clients on etcd', () => {
  let etcd: EtcdServer;
  let stores: Store[] = [];
  beforeEach(async () => {
    etcd = await startEtcd();
    const open = () => openEtcdStore({ endpoints: [etcd.endpoint], timeoutMs: 2_000 });
    stores = [await open(), await open()];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await etcd.dispose();
  });

  it('is linearizable while etcd is killed under load, for both of two stores, and neither watch misses a change', async () => {
    const load = await startLoad({ stores, prefix: '/load/' });
    for (let round = 0; round < 2; round++) {
      await more(load, 200);
      await etcd.kill();
      await etcd.start();
    }
    await more(load, 200);
    expect(checkHistory(await load.stop())).toEqual([]);
  });

  it('is linearizable while etcd stands still for longer than calls wait', async () => {
    const load = await startLoad({ stores, prefix: '/load/' });
    await more(load, 200);
    const waiting = stores[0]!.get('/load/none').then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    etcd.pause();
    expect(await stores[1]!.get('/load/none').catch((error: { code?: string }) => error.code)).toBe(
      'Unavailable',
    );
    etcd.resume();
    await waiting;
    await more(load, 200);
    expect(checkHistory(await load.stop())).toEqual([]);
  });
});
