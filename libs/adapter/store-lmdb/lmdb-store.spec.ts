import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@drydock/port/store';
import { describeStoreContract, refusal } from '@drydock/port/store-suite';
import { afterEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from './index.ts';

const newDirectory = (): string => mkdtempSync(join(tmpdir(), 'drydock-lmdb-'));

describeStoreContract('lmdb', async () => {
  const directory = newDirectory();
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openLmdbStore({ directory });
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    reopen: open,
    async dispose() {
      for (const store of opened) await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});

describe('lmdb store', () => {
  const directories: string[] = [];
  const directory = (): string => {
    const made = newDirectory();
    directories.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of directories.splice(0)) rmSync(made, { recursive: true, force: true });
  });

  it('refuses a second opener and names the first', async () => {
    const at = directory();
    const store = await openLmdbStore({ directory: at });
    const error = await refusal(openLmdbStore({ directory: at }), 'Unavailable');
    expect(error.message).toBe(`data directory ${at} is in use by process ${process.pid}`);
    await store.close();
    const again = await openLmdbStore({ directory: at });
    await again.close();
  });

  it('makes the directory and its parents', async () => {
    const store = await openLmdbStore({ directory: join(directory(), 'a', 'b') });
    expect(await store.revision()).toBe(1);
    await store.close();
  });

  it('says in one line why a directory cannot be used', async () => {
    const at = directory();
    writeFileSync(join(at, 'file'), '');
    for (const bad of [join(at, 'file'), join(at, 'file', 'below')]) {
      const error = await refusal(openLmdbStore({ directory: bad }), 'Unavailable');
      expect(error.message).toBe(`cannot use data directory ${bad}: not a directory`);
    }
  });

  it('says so when the directory holds something else, and leaves no lock behind', async () => {
    const at = directory();
    writeFileSync(join(at, 'data.mdb'), 'this is no database '.repeat(1000));
    const error = await refusal(openLmdbStore({ directory: at }), 'Unavailable');
    expect(error.message).toBe(`cannot use data directory ${at}: data.mdb is not a Drydock store`);
    rmSync(join(at, 'data.mdb'));
    await (await openLmdbStore({ directory: at })).close();
  });

  it('grows its map as data grows', async () => {
    const store = await openLmdbStore({ directory: directory(), mapSizeBytes: 256 * 1024 });
    const value = new Uint8Array(64 * 1024).fill(7);
    await Promise.all(Array.from({ length: 200 }, (_, i) => store.create(`/k/${i}`, value)));
    expect((await store.list('/k/')).entries.every((entry) => entry.value.length === value.length)).toBe(
      true,
    );
    await store.close();
  });
});
