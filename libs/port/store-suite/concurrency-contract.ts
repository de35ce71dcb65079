import { describe, expect, it } from 'vitest';
import type { Store } from '../store/index.ts';
import { StoreError } from '../store/index.ts';
import type { StoreContractOptions, StoreFixture } from './fixture.ts';
import { bytes, record, refusal, text } from './fixture.ts';

/** Many writers, and the end of a store's life. */
export function describeConcurrency(use: () => Store, options: StoreContractOptions): void {
  describe('concurrent writers', () => {
    it('lets exactly one of many creators of a key through', async () => {
      const store = use();
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => store.create('/registry/one', bytes(String(i)))),
      );
      const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []));
      expect(winners.length).toBe(1);
      for (const result of results) {
        if (result.status === 'rejected') expect((result.reason as StoreError).code).toBe('KeyExists');
      }
      expect(text((await store.get('/registry/one'))!.value)).toBe(String(winners[0]));
    });

    it('lets exactly one of many updates from one revision through, and tells the others by whom', async () => {
      const store = use();
      const revision = await store.create('/registry/one', bytes('0'));
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => store.update('/registry/one', bytes(String(i)), revision)),
      );
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won.length).toBe(1);
      const final = (await store.get('/registry/one'))!;
      expect(final.revision).toBe(won[0]!.value);
      for (const result of results) {
        if (result.status === 'fulfilled') continue;
        const error = result.reason as StoreError;
        expect(error.code).toBe('RevisionMismatch');
        expect(error.current!.revision).toBe(final.revision);
        expect(text(error.current!.value)).toBe(text(final.value));
      }
    });

    it('counts right when many increment one value by compare-and-swap', async () => {
      const store = use();
      await store.create('/registry/counter', bytes('0'));
      const revisions: number[] = [];
      const increment = async (): Promise<void> => {
        let entry = (await store.get('/registry/counter'))!;
        for (;;) {
          try {
            revisions.push(
              await store.update(
                '/registry/counter',
                bytes(String(Number(text(entry.value)) + 1)),
                entry.revision,
              ),
            );
            return;
          } catch (error) {
            if (!(error instanceof StoreError) || error.code !== 'RevisionMismatch') throw error;
            entry = error.current!;
          }
        }
      };
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 10; i++) await increment();
        }),
      );
      expect(text((await store.get('/registry/counter'))!.value)).toBe('80');
      expect(new Set(revisions).size).toBe(80);
    });

    if (options.embedded !== false) {
      it('judges pipelined writes in the order of calls', async () => {
        const store = use();
        const revision = await store.create('/registry/a', bytes('1'));
        const order: string[] = [];
        const track = (name: string, promise: Promise<unknown>) =>
          promise.then(
            () => order.push(name),
            (error: StoreError) => order.push(`${name}:${error.code}`),
          );
        await Promise.all([
          track('delete', store.delete('/registry/a', revision)),
          track('update', store.update('/registry/a', bytes('2'), revision)),
          track('create', store.create('/registry/a', bytes('3'))),
          track('create again', store.create('/registry/a', bytes('4'))),
        ]);
        expect(order.toSorted()).toEqual([
          'create',
          'create again:KeyExists',
          'delete',
          'update:KeyNotFound',
        ]);
        expect(text((await store.get('/registry/a'))!.value)).toBe('3');
      });
    }

    it('never shows a refusal the reason of which cannot be read', async () => {
      const store = use();
      // Whichever is refused must at that moment be able to read the other's value.
      const values = ['a', 'b'];
      const refused = await Promise.any(
        values.map(async (value) => {
          const error = await refusal(store.create('/registry/a', bytes(value)), 'KeyExists');
          return { error, value, found: await store.get('/registry/a') };
        }),
      );
      expect(refused.error.key).toBe('/registry/a');
      expect(text(refused.found!.value)).toBe(values.find((value) => value !== refused.value));
    });
  });
}

export function describeClose(
  use: () => Store,
  fixture: () => StoreFixture,
  options: StoreContractOptions,
): void {
  describe('close', () => {
    it('finishes writes under way, refuses later ones and ends watches', async () => {
      const store = use();
      const watch = record(store, await store.revision());
      const underWay = Array.from({ length: 10 }, (_, i) => store.create(`/registry/${i}`, bytes('x')));
      const closing = store.close();
      const late = store.create('/registry/late', bytes('x'));
      await refusal(late, 'Closed');
      const revisions = await Promise.all(underWay);
      await closing;
      expect(new Set(revisions).size).toBe(10);
      expect((await watch.end()).code).toBe('Closed');
      expect(watch.events.map((e) => e.revision)).toEqual(revisions.toSorted((a, b) => a - b));
    });

    it('answers Closed to everything afterwards, and closing again is nothing', async () => {
      const store = use();
      const revision = await store.create('/registry/a', bytes('a'));
      await store.close();
      await store.close();
      await refusal(store.get('/registry/a'), 'Closed');
      await refusal(store.list('/'), 'Closed');
      await refusal(store.revision(), 'Closed');
      await refusal(store.compact(1), 'Closed');
      await refusal(store.create('/registry/b', bytes('b')), 'Closed');
      await refusal(store.update('/registry/a', bytes('b'), revision), 'Closed');
      await refusal(store.delete('/registry/a', revision), 'Closed');
      const watch = record(store, revision);
      expect((await watch.end()).code).toBe('Closed');
    });

    it('says nothing to a watch that was cancelled', async () => {
      const store = use();
      const watch = record(store, await store.revision());
      watch.cancel();
      await store.close();
      expect(watch.ended).toBeUndefined();
    });

    it('keeps everything over a reopening, if the engine keeps anything', async ({ skip }) => {
      const { reopen } = fixture();
      if (reopen === undefined) return skip();
      const store = use();
      const empty = await store.revision();
      await store.close();
      const second = await reopen();
      expect(await second.revision()).toBeGreaterThanOrEqual(empty);
      const a = await second.create('/registry/a', bytes('a'));
      const b = await second.create('/registry/b', bytes('b'));
      const gone = await second.delete('/registry/b', b);
      await second.close();

      const third = await reopen();
      expect(await third.revision()).toBe(gone);
      const { entries, revision } = await third.list('');
      expect(revision).toBe(gone);
      expect(entries.map((e) => [e.key, text(e.value), e.revision])).toEqual([['/registry/a', 'a', a]]);
      if (options.embedded !== false) {
        expect((await record(third, a).end()).code).toBe('Compacted');
      }
      const watch = record(third, gone);
      const next = await third.update('/registry/a', bytes('a2'), a);
      expect(next).toBeGreaterThan(gone);
      expect((await watch.count(1)).map((e) => [e.revision, e.prevRevision])).toEqual([[next, a]]);
      await third.close();
    });
  });
}
