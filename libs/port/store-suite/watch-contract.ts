import { describe, expect, it } from 'vitest';
import type { Store } from '../store/index.ts';
import type { StoreContractOptions } from './fixture.ts';
import { bytes, expectChain, record, text } from './fixture.ts';

/** Makes a short history with every kind of change; returns the revisions in order. */
async function history(store: Store): Promise<number[]> {
  const a = await store.create('/registry/a', bytes('a1'));
  const b = await store.create('/registry/b', bytes('b1'));
  const a2 = await store.update('/registry/a', bytes('a2'), a);
  const bGone = await store.delete('/registry/b', b);
  const b2 = await store.create('/registry/b', bytes('b2'));
  const a3 = await store.update('/registry/a', bytes('a3'), a2);
  return [a, b, a2, bGone, b2, a3];
}

/** Watches: order, completeness, resume, cancel, compaction. */
export function describeWatches(use: () => Store, options: StoreContractOptions): void {
  describe('watch', () => {
    it('tells of each kind of change', async () => {
      const store = use();
      const watch = record(store, await store.revision());
      const [a, b, a2, bGone, b2, a3] = await history(store);
      const events = await watch.count(6);
      const readable = events.map((e) =>
        e.type === 'put'
          ? { ...e, value: text(e.value) }
          : { ...e, prevValue: e.prevValue === undefined ? undefined : text(e.prevValue) },
      );
      expect(readable).toEqual([
        { type: 'put', key: '/registry/a', value: 'a1', revision: a, prevRevision: 0 },
        { type: 'put', key: '/registry/b', value: 'b1', revision: b, prevRevision: 0 },
        { type: 'put', key: '/registry/a', value: 'a2', revision: a2, prevRevision: a },
        { type: 'delete', key: '/registry/b', revision: bGone, prevRevision: b, prevValue: 'b1' },
        { type: 'put', key: '/registry/b', value: 'b2', revision: b2, prevRevision: 0 },
        { type: 'put', key: '/registry/a', value: 'a3', revision: a3, prevRevision: a2 },
      ]);
      watch.cancel();
    });

    it('resumes from every revision, with nothing missing and nothing twice', async () => {
      const store = use();
      const start = await store.revision();
      const revisions = await history(store);
      for (const from of [start, ...revisions]) {
        const watch = record(store, from);
        const later = await store.create(`/registry/after-${from}`, bytes('x'));
        const expected = (await record(store, start).count(revisions.length + 1)).filter(
          (e) => e.revision > from,
        );
        const got = await watch.count(expected.length);
        expect(got).toEqual(expected);
        expect(got.at(-1)!.revision).toBe(later);
        watch.cancel();
      }
    });

    it('yields only what follows a revision that is yet to come', async () => {
      const store = use();
      const first = await store.create('/registry/a', bytes('a'));
      const watch = record(store, first + 2);
      const writes = [];
      for (const name of ['b', 'c', 'd']) writes.push(await store.create(`/registry/${name}`, bytes(name)));
      const expected = writes.filter((revision) => revision > first + 2);
      expect((await watch.count(expected.length)).map((e) => e.revision)).toEqual(expected);
      watch.cancel();
    });

    it('never calls before `watch` returned, nor with an empty batch', async () => {
      const store = use();
      const start = await store.revision();
      await history(store);
      let returned = false;
      const early: boolean[] = [];
      const sizes: number[] = [];
      await new Promise<void>((resolve) => {
        const watch = store.watch(start, {
          events(batch) {
            early.push(!returned);
            sizes.push(batch.length);
            if (sizes.reduce((sum, n) => sum + n, 0) >= 6) {
              watch.cancel();
              resolve();
            }
          },
          ended: (error) => {
            throw error;
          },
        });
        returned = true;
      });
      expect(early).not.toContain(true);
      expect(sizes).not.toContain(0);
    });

    it('delivers an event no later than its writer learns of the write', async () => {
      const store = use();
      const watch = record(store, await store.revision());
      for (let i = 0; i < 20; i++) {
        const revision = await store.create(`/registry/${i}`, bytes('x'));
        // "In the same turn" leaves the engine the rest of this turn's microtasks.
        for (let turn = 0; turn < 10 && watch.events.length <= i; turn++) await undefined;
        if (options.embedded === false) await watch.count(i + 1);
        expect(watch.events.at(-1)?.revision).toBe(revision);
      }
      watch.cancel();
    });

    if (options.embedded !== false) {
      it('hands on the very instance that was written', async () => {
        const store = use();
        const live = record(store, await store.revision());
        const start = await store.revision();
        const values = [bytes('one'), bytes('two')];
        const first = await store.create('/registry/a', values[0]!);
        await store.update('/registry/a', values[1]!, first);
        const resumed = record(store, start);
        for (const watch of [live, resumed]) {
          const events = await watch.count(2);
          events.forEach((event, i) => expect(event.type === 'put' && event.value).toBe(values[i]));
          watch.cancel();
        }
      });
    }

    it('stops at once when cancelled, from inside a delivery too', async () => {
      const store = use();
      const watch = record(store, await store.revision());
      const other = record(store, await store.revision());
      await store.create('/registry/a', bytes('a'));
      await watch.count(1);
      watch.cancel();
      watch.cancel();
      let seen = 0;
      const inside = store.watch(await store.revision(), {
        events() {
          seen++;
          inside.cancel();
        },
        ended() {},
      });
      await store.create('/registry/b', bytes('b'));
      await store.create('/registry/c', bytes('c'));
      await other.count(3);
      expect(watch.events.length).toBe(1);
      expect(watch.ended).toBeUndefined();
      expect(seen).toBe(1);
      other.cancel();
    });

    it('lets a sink write and watch while it is being served', async () => {
      const store = use();
      const nested: ReturnType<typeof record>[] = [];
      const start = await store.revision();
      const outer = record(store, start);
      const writer = store.watch(start, {
        events(batch) {
          for (const event of batch) {
            if (event.key !== '/registry/a') continue;
            nested.push(record(store, event.revision));
            void store.create('/registry/b', bytes('b'));
          }
        },
        ended() {},
      });
      await store.create('/registry/a', bytes('a'));
      const events = await outer.count(2);
      expect(events.map((e) => e.key)).toEqual(['/registry/a', '/registry/b']);
      expect((await nested[0]!.count(1)).map((e) => e.key)).toEqual(['/registry/b']);
      writer.cancel();
    });

    it('keeps order and completeness for many watchers while many write', async () => {
      const store = use();
      const start = await store.revision();
      const watches = [record(store, start)];
      const lane = async (name: string): Promise<void> => {
        for (let i = 0; i < 25; i++) {
          const key = `/registry/${name}/${i % 3}`;
          const revision = await store.create(key, bytes(String(i)));
          await store.delete(key, await store.update(key, bytes('u'), revision));
          if (i % 8 === 0) watches.push(record(store, start));
        }
      };
      await Promise.all(['w', 'x', 'y', 'z'].map(lane));
      const [reference] = watches;
      expectChain(await reference!.count(300));
      for (const watch of watches) {
        expect(await watch.count(300)).toEqual(reference!.events);
        expect(watch.events.length).toBe(300);
        watch.cancel();
      }
    });
  });

  describe('compact', () => {
    it('ends watches from before it with Compacted, and leaves the rest', async () => {
      const store = use();
      const live = record(store, await store.revision());
      const revisions = await history(store);
      await live.count(6);
      const at = revisions[3]!;
      await store.compact(at);
      for (const from of revisions.slice(0, 3)) {
        const watch = record(store, from);
        expect((await watch.end()).code).toBe('Compacted');
        expect(watch.events).toEqual([]);
      }
      expect((await record(store, at).count(2)).map((e) => e.revision)).toEqual(revisions.slice(4));
      const next = await store.create('/registry/c', bytes('c'));
      expect((await live.count(7)).at(-1)!.revision).toBe(next);
      expect(live.ended).toBeUndefined();
    });

    it('keeps current values and the revision', async () => {
      const store = use();
      const revisions = await history(store);
      await store.compact(revisions.at(-1)!);
      expect(await store.revision()).toBe(revisions.at(-1));
      const { entries } = await store.list('/registry/');
      expect(entries.map((e) => text(e.value))).toEqual(['a3', 'b2']);
      expect(await store.update('/registry/a', bytes('a4'), revisions[5]!)).toBeGreaterThan(revisions[5]!);
    });
  });
}
