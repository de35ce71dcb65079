import type { Store } from '@drydock/port/store';
import { bytes, record, refusal, text } from '@drydock/port/store-suite';
import { afterEach, describe, expect, it } from 'vitest';
import { etcdctl, etcdInstalled, startEtcd, type EtcdServer } from './etcd-server.ts';
import { openEtcdStore, type EtcdStoreOptions } from './index.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.spec-support.ts';

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe.skipIf(!etcdInstalled())('a store on etcd', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  async function server(...args: readonly string[]): Promise<EtcdServer> {
    const started = await startEtcd(args);
    ends.push(() => started.dispose());
    return started;
  }
  async function proxy(target: EtcdServer): Promise<TcpProxy> {
    const started = await startTcpProxy(target.endpoint);
    ends.push(() => started.close());
    return started;
  }
  async function open(endpoints: readonly string[], options: Partial<EtcdStoreOptions> = {}): Promise<Store> {
    const store = await openEtcdStore({ endpoints, ...options });
    ends.push(() => store.close());
    return store;
  }

  it('forgets changes that are older than the interval of compaction, and no others', async () => {
    const { endpoint } = await server();
    const store = await open([endpoint], { compactionIntervalMs: 1_000 });
    const other = await open([endpoint], { compactionIntervalMs: 1_000 });
    const first = await store.create('/a', bytes('1'));
    await store.update('/a', bytes('2'), first);
    await until(async () => {
      const watch = record(other, first - 1);
      const code = await Promise.race([
        watch.end().then((error) => error.code),
        watch.count(2).then(() => ''),
      ]);
      watch.cancel();
      return code === 'Compacted';
    });
    const kept = await store.create('/b', bytes('3'));
    const events = await record(other, kept - 1).count(1);
    expect(events.map(({ key }) => key)).toEqual(['/b']);
    expect((await store.list('/')).entries.map(({ value }) => text(value))).toEqual(['2', '3']);
  });

  it('reads all of a range though others compact while it reads page by page', async () => {
    const { endpoint } = await server();
    const store = await open([endpoint], { pageSize: 2 });
    const other = await open([endpoint]);
    const keys = Array.from({ length: 120 }, (_, index) => `/all/${String(index).padStart(3, '0')}`);
    await Promise.all(keys.map((key) => store.create(key, bytes(key))));
    const listing = store.list('/all/');
    for (let round = 0; round < 3; round++)
      await other.compact(await other.create(`/more/${round}`, bytes('')));
    const { entries, revision } = await listing;
    expect(entries.map(({ key }) => key)).toEqual(keys);
    expect(revision).toBeGreaterThanOrEqual(Math.max(...entries.map((entry) => entry.revision)));
  });

  it('tells a watch that was cut off what it cannot know any more', async () => {
    const etcd = await server();
    const line = await proxy(etcd);
    const cutOff = await open([line.address]);
    const other = await open([etcd.endpoint]);
    const watch = record(cutOff, await other.revision());
    const seen = await other.create('/a', bytes('1'));
    await watch.count(1);
    line.cut();
    const missed = await other.update('/a', bytes('2'), seen);
    await other.compact(await other.update('/a', bytes('3'), missed));
    line.release();
    expect((await watch.end()).code).toBe('Compacted');
    expect(watch.events.map((event) => event.revision)).toEqual([seen]);
  });

  it('goes over to another member when the one in use is connected and silent', async () => {
    const etcd = await server();
    const [silent, well] = [await proxy(etcd), await proxy(etcd)];
    const store = await open([silent.address, well.address], { timeoutMs: 5_000 });
    const watch = record(store, await store.revision());
    await store.create('/a', bytes('1'));
    await watch.count(1);
    silent.hold();
    // Many at once: each must not push on to the next, and so back to the silent one.
    const reads = await Promise.all(Array.from({ length: 8 }, () => store.get('/a')));
    expect(reads.map((entry) => text(entry?.value ?? bytes('')))).toEqual(Array(8).fill('1'));
    await store.create('/b', bytes('2'));
    expect((await watch.count(2)).map(({ key }) => key)).toEqual(['/a', '/b']);
    watch.cancel();
  });

  it('never acknowledges what it has no answer for, and says that it may have been done', async () => {
    const etcd = await server();
    const line = await proxy(etcd);
    const store = await open([line.address], { timeoutMs: 3_000 });
    const other = await open([etcd.endpoint]);
    const revision = await store.create('/a', bytes('1'));
    line.hold();
    const late = refusal(store.update('/a', bytes('2'), revision), 'Unavailable');
    expect((await late).ambiguous).toBe(true);
    // Held on its way, it comes after all; somebody else's write in between decides.
    const between = await other.update('/a', bytes('3'), revision);
    line.release();
    await until(() =>
      store.get('/a').then(
        () => true,
        () => false,
      ),
    );
    expect(await other.get('/a')).toMatchObject({ revision: between, value: bytes('3') });
  });

  it('refuses writes while etcd has no room, reads on, and goes on when there is room', async () => {
    const { endpoint } = await server('--quota-backend-bytes', String(8 * 1024 * 1024));
    const store = await open([endpoint]);
    const watch = record(store, await store.revision());
    const acknowledged: number[] = [];
    const fill = async (): Promise<never> => {
      for (;;) {
        const value = new Uint8Array(512 * 1024).fill(acknowledged.length);
        acknowledged.push(await store.create(`/big/${acknowledged.length}`, value));
      }
    };
    const error = await refusal(fill(), 'Refused');
    expect(error).toMatchObject({ message: 'etcdserver: mvcc: database space exceeded', ambiguous: true });
    await refusal(store.create('/small', bytes('')), 'Refused');
    const { entries } = await store.list('/big/');
    const revisions = entries.map((entry) => entry.revision).toSorted((a, b) => a - b);
    // The write that reached the bound may be there, too.
    expect(revisions.slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(revisions.length - acknowledged.length).toBeLessThanOrEqual(1);
    // What takes no room is done.
    const gone = await store.delete('/big/0', acknowledged[0]!);
    for (const { key, revision } of entries) if (key !== '/big/0') await store.delete(key, revision);
    await store.compact(await store.revision());
    etcdctl(endpoint, 'defrag');
    etcdctl(endpoint, 'alarm', 'disarm');
    expect(await store.create('/small', bytes('room'))).toBeGreaterThan(gone);
    expect((await watch.count(2 * entries.length + 1)).at(-1)?.key).toBe('/small');
    watch.cancel();
  });
});
