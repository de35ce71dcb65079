import type { Store } from '@drydock/port/store';
import { bytes, describeStoreContract, expectChain, record, refusal, text } from '@drydock/port/store-suite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { etcdInstalled, startEtcd, type EtcdServer } from './etcd-server.ts';
import { openEtcdStore, restoreEtcdStore } from './index.ts';

describe.skipIf(!etcdInstalled())('etcd', () => {
  let server: EtcdServer;
  beforeAll(async () => {
    server = await startEtcd();
  });
  afterAll(() => server?.dispose());

  let serial = 0;
  describeStoreContract(
    'etcd',
    async () => {
      const keyPrefix = `/${serial++}`;
      const opened: Store[] = [];
      const open = async () => {
        const store = await openEtcdStore({ endpoints: [server.endpoint], keyPrefix, pageSize: 7 });
        opened.push(store);
        return store;
      };
      return {
        store: await open(),
        reopen: open,
        async dispose() {
          for (const store of opened) await store.close();
        },
      };
    },
    { embedded: false },
  );
});

describe.skipIf(!etcdInstalled())('an etcd that a snapshot was restored into', () => {
  let server: EtcdServer;
  const snapshot = {
    revision: 50_000,
    entries: Array.from({ length: 40 }, (_, index) => ({
      key: `/registry/a/${index}`,
      value: bytes(`${index}`),
      revision: 100 + index,
    })),
  };
  beforeAll(async () => {
    server = await startEtcd();
    expect(await restoreEtcdStore({ endpoints: [server.endpoint] }, snapshot)).toBeGreaterThan(50_000);
  });
  afterAll(() => server?.dispose());

  const open = () => openEtcdStore({ endpoints: [server.endpoint] });

  it('has the entries, at revisions above all that were given out before, for every opener', async () => {
    for (const store of [await open(), await open()]) {
      const { entries, revision } = await store.list('/registry/');
      const values = (of: readonly { key: string; value: Uint8Array }[]) =>
        of.map(({ key, value }) => `${key} ${text(value)}`).toSorted();
      expect(values(entries)).toEqual(values(snapshot.entries));
      expect(Math.min(...entries.map((entry) => entry.revision))).toBeGreaterThan(50_000);
      expect(revision).toBe(await store.revision());
      expect((await store.list('')).entries).toHaveLength(40);
      await store.close();
    }
  });

  it('goes on: writes compare, watches see each change at its revision, those from before are told to list again', async () => {
    const store = await open();
    const from = await store.revision();
    const watch = record(store, from);
    const made = await store.create('/registry/b', bytes('1'));
    expect(made).toBeGreaterThan(from);
    const changed = await store.update('/registry/b', bytes('2'), made);
    expect(
      (await refusal(store.update('/registry/b', bytes('3'), made), 'RevisionMismatch')).current?.revision,
    ).toBe(changed);
    await refusal(store.update('/registry/b', bytes('3'), made - 50_000), 'RevisionMismatch');
    const gone = await store.delete('/registry/b', changed);
    const events = await watch.count(3);
    expect(events.map(({ revision, prevRevision }) => [revision, prevRevision])).toEqual([
      [made, 0],
      [changed, made],
      [gone, changed],
    ]);
    watch.cancel();
    const ended = new Promise<Error>((resolve) => store.watch(120, { events() {}, ended: resolve }));
    expect(await ended).toMatchObject({ code: 'Compacted' });
    await store.compact(changed);
    const compacted = new Promise<Error>((resolve) => store.watch(from, { events() {}, ended: resolve }));
    expect(await compacted).toMatchObject({ code: 'Compacted' });
    await store.close();
  });

  it('is not restored into a second time', async () => {
    const error = await refusal(restoreEtcdStore({ endpoints: [server.endpoint] }, snapshot), 'Unavailable');
    expect(error.message).toBe('etcd holds a cluster already: restore into an empty one');
  });
});

describe.skipIf(!etcdInstalled())('a store whose etcd fails', () => {
  let server: EtcdServer;
  let store: Store;
  beforeEach(async () => {
    server = await startEtcd();
    store = await openEtcdStore({ endpoints: ['127.0.0.1:1', server.endpoint], timeoutMs: 5_000 });
  });
  afterEach(async () => {
    await store.close();
    await server.dispose();
  });

  it('says so when no member answers', async () => {
    const opening = (endpoint: string) =>
      refusal(openEtcdStore({ endpoints: [endpoint], timeoutMs: 1_000 }), 'Unavailable');
    expect((await opening('127.0.0.1:1')).message).toBe(
      'etcd: no connection to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
    );
    // etcd does not speak TLS here.
    expect((await opening(`https://${server.endpoint}`)).message).toMatch(
      /^etcd: no connection to https:\/\/127\.0\.0\.1:\d+: .*TLS/,
    );
  });

  it.each([1.6, 2.1, 4])(
    'refuses a value of %f MiB in etcd’s words, and knows that it was not written',
    async (size) => {
      const error = await refusal(
        store.create('/big', new Uint8Array(Math.floor(size * 1024 * 1024))),
        'Refused',
      );
      expect(error.message).toBe('etcdserver: request is too large');
      expect(await store.get('/big')).toBeUndefined();
      expect(await store.create('/fits', new Uint8Array(1_400_000))).toBeGreaterThan(0);
      expect((await store.list('/fits')).entries[0]?.value).toHaveLength(1_400_000);
    },
  );

  it('loses nothing that was acknowledged when etcd is killed under load, and its watch sees each change once', async () => {
    const watch = record(store, await store.revision());
    const acknowledged = new Map<string, { revision: number; value: string }>();
    const unknown = new Set<string>();
    let round = 0;
    let writing = true;
    const writers = Array.from({ length: 8 }, async (_, lane) => {
      for (let index = 0; writing; index++) {
        const key = `/load/${lane}/${index}`;
        const value = `${round}`;
        try {
          acknowledged.set(key, { revision: await store.create(key, bytes(value)), value });
        } catch {
          // Whether it was written is not known; but it is not acknowledged.
          unknown.add(key);
        }
      }
    });
    for (round = 1; round <= 3; round++) {
      const had = acknowledged.size;
      while (acknowledged.size < had + 200) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.kill();
      await server.start();
    }
    const had = acknowledged.size;
    while (acknowledged.size < had + 50) await new Promise((resolve) => setTimeout(resolve, 5));
    writing = false;
    await Promise.all(writers);

    const { entries, revision } = await store.list('/load/');
    const found = new Map(entries.map((entry) => [entry.key, entry]));
    for (const [key, { revision: at, value }] of acknowledged) {
      expect(found.get(key)?.revision, key).toBe(at);
      expect(text(found.get(key)?.value ?? bytes(''))).toBe(value);
    }
    for (const key of found.keys()) expect(acknowledged.has(key) || unknown.has(key), key).toBe(true);
    // Revisions never repeat, and the watch told of exactly what is there, in order.
    expect(new Set(entries.map((entry) => entry.revision)).size).toBe(entries.length);
    const events = await watch.count(entries.length);
    expectChain(events);
    expect(events.map((event) => event.key).toSorted()).toEqual(entries.map((entry) => entry.key).toSorted());
    expect(events.at(-1)?.revision).toBeLessThanOrEqual(revision);
    watch.cancel();
  });

  it('goes on watching after etcd was paused', async () => {
    const watch = record(store, await store.revision());
    await store.create('/before', bytes('1'));
    server.pause();
    const during = store.create('/during', bytes('2'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.resume();
    await during;
    await store.create('/after', bytes('3'));
    expect((await watch.count(3)).map((event) => event.key)).toEqual(['/before', '/during', '/after']);
    watch.cancel();
  });

  it('ends a watch from before a compaction', async () => {
    const first = await store.create('/a', bytes('1'));
    const second = await store.update('/a', bytes('2'), first);
    const third = await store.update('/a', bytes('3'), second);
    await store.compact(third);
    await store.compact(second);
    const watch = record(store, first - 1);
    expect((await watch.end()).code).toBe('Compacted');
    expect(text((await store.get('/a'))?.value ?? bytes(''))).toBe('3');
  });
});
