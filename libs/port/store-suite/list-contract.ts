import { describe, expect, it } from 'vitest';
import type { Store } from '../store/index.ts';
import { bytes } from './fixture.ts';

const UNUSUAL_KEYS = [
  '/',
  '/registry',
  '/registry/',
  '/registry/pods',
  '/registry/pods-more/a',
  '/registry/pods/',
  '/registry/pods/a',
  '/registry/pods/a/b',
  '/registry/pods/B',
  '/registry/pods/a\u0000b',
  '/registry/pods/a b',
  '/registry/pods/ä',
  '/registry/pods/日本',
  // Above and below the surrogates: UTF-16 order and UTF-8 order differ here.
  '/registry/pods/\uffee',
  '/registry/pods/😀',
  '/registry/pods/\u{10ffff}',
  '/registry/pods/\u007f',
  '/registry/pods/\u0001',
  `/registry/long/${'x'.repeat(1100)}`,
  `/registry/long/${'x'.repeat(1100)}y`,
  `/registry/long/${'日'.repeat(500)}`,
  'no-slash',
];

/** Key order of the contract: by UTF-8 bytes. */
export function byUtf8(a: string, b: string): number {
  const x = bytes(a);
  const y = bytes(b);
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i]! - y[i]!;
  }
  return x.length - y.length;
}

/** Lists: prefixes, order, one revision. */
export function describeLists(use: () => Store): void {
  describe('list', () => {
    it('is empty on an empty store', async () => {
      const store = use();
      expect(await store.list('/registry/')).toEqual({ entries: [], revision: await store.revision() });
    });

    it('keeps unusual keys apart and in UTF-8 order', async () => {
      const store = use();
      await Promise.all(UNUSUAL_KEYS.map((key) => store.create(key, bytes(key))));
      const all = (await store.list('')).entries.map((entry) => entry.key);
      expect(all).toEqual([...UNUSUAL_KEYS].sort(byUtf8));
      for (const key of UNUSUAL_KEYS) expect((await store.get(key))?.key).toBe(key);
    });

    it.each([
      '',
      '/',
      '/registry/pods',
      '/registry/pods/',
      '/registry/pods/a',
      '/registry/long/x',
      '/registry/pods/\u{1f600}',
      '/s',
      'zz',
    ])('answers exactly the keys that start with %j', async (prefix) => {
      const store = use();
      await Promise.all(UNUSUAL_KEYS.map((key) => store.create(key, bytes(key))));
      const expected = UNUSUAL_KEYS.filter((key) => key.startsWith(prefix)).sort(byUtf8);
      expect((await store.list(prefix)).entries.map((entry) => entry.key)).toEqual(expected);
    });

    it('shows every write that was acknowledged before it, and its revision', async () => {
      const store = use();
      const first = await store.create('/registry/a', bytes('a'));
      const second = await store.create('/registry/b', bytes('b'));
      const third = await store.update('/registry/a', bytes('a2'), first);
      const fourth = await store.delete('/registry/b', second);
      const { entries, revision } = await store.list('/registry/');
      expect(entries.map(({ key, revision: at }) => [key, at])).toEqual([['/registry/a', third]]);
      expect(revision).toBe(fourth);
    });

    it('is exact at its revision while writes go on', async () => {
      const store = use();
      const width = 4;
      const rounds = 40;
      const lists: Awaited<ReturnType<Store['list']>>[] = [];
      const writer = async (lane: number): Promise<void> => {
        let at = await store.create(`/registry/tokens/${lane}`, bytes('0'));
        for (let round = 1; round < rounds; round++) {
          // The list runs beside this write and those of the other lanes.
          const writing = store.update(`/registry/tokens/${lane}`, bytes(String(round)), at);
          lists.push(await store.list('/registry/tokens/'));
          at = await writing;
        }
      };
      const log: { key: string; revision: number }[] = [];
      const watch = store.watch(await store.revision(), {
        events: (batch) => log.push(...batch.map(({ key, revision }) => ({ key, revision }))),
        ended() {},
      });
      await Promise.all(Array.from({ length: width }, (_, lane) => writer(lane)));
      lists.push(await store.list('/registry/tokens/'));
      watch.cancel();
      for (const { entries, revision } of lists) {
        const expected = new Map<string, number>();
        for (const event of log) if (event.revision <= revision) expected.set(event.key, event.revision);
        expect(new Map(entries.map((entry) => [entry.key, entry.revision]))).toEqual(expected);
      }
      expect(lists.at(-1)!.entries.length).toBe(width);
    });
  });
}
