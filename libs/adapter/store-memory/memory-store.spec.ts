import { describeStoreContract, record } from '@drydock/port/store-suite';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from './index.ts';

describeStoreContract('memory', async () => {
  const store = createMemoryStore();
  return { store, dispose: () => store.close() };
});

describe('memory store', () => {
  const value = new Uint8Array(1);

  it('delivers the writes of one turn as one batch', async () => {
    const store = createMemoryStore();
    const watch = record(store, 1);
    await undefined;
    await Promise.all(['a', 'b', 'c'].map((key) => store.create(key, value)));
    expect(watch.batches.map((batch) => batch.map((event) => event.key))).toEqual([['a', 'b', 'c']]);
  });

  it('forgets what is older than its window', async () => {
    const store = createMemoryStore({ watchWindow: 3 });
    const revisions: number[] = [];
    for (let i = 0; i < 10; i++) revisions.push(await store.create(`k${i}`, value));
    expect((await record(store, revisions[5]!).end()).code).toBe('Compacted');
    expect((await record(store, revisions[6]!).count(3)).map((e) => e.key)).toEqual(['k7', 'k8', 'k9']);
  });

  it('forgets what exceeds its window in bytes', async () => {
    const store = createMemoryStore({ watchWindowBytes: 1000 });
    const first = await store.create('a', new Uint8Array(600));
    await store.create('b', new Uint8Array(600));
    expect((await record(store, first - 1).end()).code).toBe('Compacted');
    expect((await record(store, first).count(1)).map((e) => e.key)).toEqual(['b']);
  });
});
