import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError, type StoreSnapshot } from '@drydock/port/store';
import { silentLogger } from '@drydock/port/observability';
import { createRpcServer, createSnapshotService, readSnapshot } from '@drydock/rpc';
import { openLmdbStore } from '@drydock/store-lmdb';
import { createMemoryStore } from '@drydock/store-memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreOptions } from '../store-flags.ts';
import { readSnapshotFile, restoreSnapshot, writeSnapshot } from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'drydock-snapshot-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const lmdb = (name: string): StoreOptions => ({
  store: 'lmdb',
  dataDir: join(dir, name),
  etcdServers: [],
  etcdPrefix: '/registry',
  etcdUser: undefined,
  etcdPassword: undefined,
  etcdCafile: undefined,
  etcdCertfile: undefined,
  etcdKeyfile: undefined,
  etcdCompactionIntervalMs: 0,
});
const bytes = (text: string) => new TextEncoder().encode(text);
const plain = ({ entries, revision }: StoreSnapshot) => ({
  revision,
  entries: entries.map(({ key, value, revision: at }) => [key, Buffer.from(value).toString('latin1'), at]),
});

describe('snapshots', () => {
  let saved: StoreSnapshot;
  const file = join(dir, 'snapshot');

  beforeAll(async () => {
    const store = createMemoryStore();
    for (let index = 0; index < 300; index++)
      await store.create(`/registry/configmaps/ö ${index}`, bytes(`${index} `.repeat(index * 20)));
    await store.create('/registry/empty', new Uint8Array());
    const all = new Uint8Array(3_000_000).map((_, at) => at % 256);
    await store.create('/registry/big', all);
    await store.update('/registry/empty', bytes('now'), (await store.get('/registry/empty'))?.revision ?? 0);
    saved = await store.list('');
    const server = createRpcServer({
      port: 0,
      logger: silentLogger,
      services: [
        createSnapshotService(
          () => store.list(''),
          () => undefined,
        ),
      ],
    });
    await server.start();
    const read = await readSnapshot(`127.0.0.1:${server.port}`);
    expect(plain(read)).toEqual(plain(saved));
    writeSnapshot(file, read);
    await server.stop();
    await store.close();
  });

  it('come back from their file as they were, which is for its owner only', () => {
    expect(plain(readSnapshotFile(file))).toEqual(plain(saved));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('are refused where a byte of the file changed, is missing or too many, or it is something else', () => {
    const whole = readFileSync(file);
    const other = join(dir, 'other');
    for (const at of [whole.length - 1, Math.floor(whole.length / 2), whole.indexOf('\n') + 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(other, changed);
      expect(() => readSnapshotFile(other)).toThrow('is damaged');
    }
    writeFileSync(other, whole.subarray(0, -1));
    expect(() => readSnapshotFile(other)).toThrow('is damaged');
    writeFileSync(other, whole);
    appendFileSync(other, 'x');
    expect(() => readSnapshotFile(other)).toThrow('is damaged');
    writeFileSync(other, 'kind: Pod\n');
    expect(() => readSnapshotFile(other)).toThrow(`${other} is no snapshot of Drydock`);
  });

  it('fill an empty lmdb store: the same entries at the same revisions, and further ones above', async () => {
    expect(await restoreSnapshot(readSnapshotFile(file), lmdb('restored'), 1_000)).toBe(
      saved.revision + 1_000,
    );
    const store = await openLmdbStore({ directory: join(dir, 'restored/store') });
    expect(plain(await store.list(''))).toEqual({
      ...plain(saved),
      revision: saved.revision + 1_000,
    });
    const ended = new Promise<Error>((resolve) =>
      store.watch(saved.revision + 10, { events() {}, ended: resolve }),
    );
    expect(await ended).toMatchObject({ code: 'Compacted' });
    expect(await store.create('/registry/new', bytes('x'))).toBe(saved.revision + 1_001);
    const entry = saved.entries[5];
    expect(await store.update(entry?.key ?? '', bytes('y'), entry?.revision ?? 0)).toBe(
      saved.revision + 1_002,
    );
    await store.close();
  });

  it('do not go over a store that is there, nor into memory', async () => {
    const before = readSnapshotFile(file);
    await expect(restoreSnapshot(before, lmdb('restored'), 0)).rejects.toThrow('holds a store already');
    await expect(restoreSnapshot(before, { ...lmdb('x'), store: 'memory' }, 0)).rejects.toThrow(
      'keeps nothing',
    );
    const used = await openLmdbStore({ directory: join(dir, 'used/store') });
    await expect(restoreSnapshot(before, lmdb('used'), 0)).rejects.toBeInstanceOf(StoreError);
    await used.close();
  });
});
