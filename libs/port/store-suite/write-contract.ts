import { describe, expect, it } from 'vitest';
import type { Store } from '../store/index.ts';
import { bytes, record, refusal, text } from './fixture.ts';

/** Writes, reads and their errors. */
export function describeWrites(use: () => Store): void {
  describe('create, update, delete', () => {
    it('creates a key once', async () => {
      const store = use();
      const before = await store.revision();
      const revision = await store.create('/registry/a', bytes('one'));
      expect(revision).toBeGreaterThan(before);
      const entry = await store.get('/registry/a');
      expect(entry).toMatchObject({ key: '/registry/a', revision });
      expect(text(entry!.value)).toBe('one');
      await refusal(store.create('/registry/a', bytes('two')), 'KeyExists');
      expect(text((await store.get('/registry/a'))!.value)).toBe('one');
      expect(await store.revision()).toBe(revision);
    });

    it('updates at the expected revision only, and tells what is there otherwise', async () => {
      const store = use();
      const first = await store.create('/registry/a', bytes('one'));
      const second = await store.update('/registry/a', bytes('two'), first);
      expect(second).toBeGreaterThan(first);
      const error = await refusal(store.update('/registry/a', bytes('three'), first), 'RevisionMismatch');
      expect(error.key).toBe('/registry/a');
      expect(error.current).toMatchObject({ key: '/registry/a', revision: second });
      expect(text(error.current!.value)).toBe('two');
      expect(text((await store.get('/registry/a'))!.value)).toBe('two');
    });

    it('deletes at the expected revision only', async () => {
      const store = use();
      const first = await store.create('/registry/a', bytes('one'));
      const error = await refusal(store.delete('/registry/a', first + 1), 'RevisionMismatch');
      expect(error.current).toMatchObject({ revision: first });
      const gone = await store.delete('/registry/a', first);
      expect(gone).toBeGreaterThan(first);
      expect(await store.revision()).toBe(gone);
      expect(await store.get('/registry/a')).toBeUndefined();
    });

    it('does not know keys that were never written or are deleted', async () => {
      const store = use();
      await refusal(store.update('/registry/a', bytes('x'), 1), 'KeyNotFound');
      await refusal(store.delete('/registry/a', 1), 'KeyNotFound');
      const revision = await store.create('/registry/a', bytes('one'));
      await store.delete('/registry/a', revision);
      await refusal(store.update('/registry/a', bytes('x'), revision), 'KeyNotFound');
      await refusal(store.delete('/registry/a', revision), 'KeyNotFound');
      expect(await store.get('/registry/a')).toBeUndefined();
    });

    it('creates a deleted key anew, with a later revision', async () => {
      const store = use();
      const first = await store.create('/registry/a', bytes('one'));
      const gone = await store.delete('/registry/a', first);
      const again = await store.create('/registry/a', bytes('two'));
      expect(again).toBeGreaterThan(gone);
      await refusal(store.update('/registry/a', bytes('x'), first), 'RevisionMismatch');
    });

    it('spends no revision on a refused write', async () => {
      const store = use();
      const revision = await store.create('/registry/a', bytes('one'));
      const watch = record(store, await store.revision());
      await refusal(store.create('/registry/a', bytes('x')), 'KeyExists');
      await refusal(store.update('/registry/a', bytes('x'), revision + 7), 'RevisionMismatch');
      await refusal(store.delete('/registry/b', revision), 'KeyNotFound');
      expect(await store.revision()).toBe(revision);
      const next = await store.create('/registry/b', bytes('b'));
      expect(await watch.count(1)).toMatchObject([{ key: '/registry/b', revision: next }]);
    });

    it('refuses keys that not every engine could hold', async () => {
      const store = use();
      await refusal(store.create('', bytes('x')), 'InvalidKey');
      await refusal(store.create('k'.repeat(1901), bytes('x')), 'InvalidKey');
      await refusal(store.create('é'.repeat(951), bytes('x')), 'InvalidKey');
      await refusal(store.create('/registry/\ud800', bytes('x')), 'InvalidKey');
      expect((await store.list('')).entries).toEqual([]);
      const longest = 'k'.repeat(1900);
      const revision = await store.create(longest, bytes('x'));
      expect((await store.get(longest))?.revision).toBe(revision);
      await refusal(store.update(`${longest}k`, bytes('x'), revision), 'InvalidKey');
      await refusal(store.delete(`${longest}k`, revision), 'InvalidKey');
      for (const key of ['', `${longest}k`, 'é'.repeat(10_000)]) expect(await store.get(key)).toBeUndefined();
      expect((await store.list(`${longest}k`)).entries).toEqual([]);
    });

    it('starts at revision 1 or later', async () => {
      expect(await use().revision()).toBeGreaterThanOrEqual(1);
      expect((await use().list('')).revision).toBeGreaterThanOrEqual(1);
    });
  });

  describe('values', () => {
    it.each([0, 1, 63, 64, 65, 4095, 4096, 65_537, 1_500_000])('keeps %i bytes as they are', async (size) => {
      const store = use();
      const value = new Uint8Array(size);
      for (let i = 0; i < size; i++) value[i] = (i * 31 + (i >> 8)) & 0xff;
      const revision = await store.create('/registry/value', value);
      const expected = value.slice();
      const got = await store.get('/registry/value');
      expect(got!.value.byteLength).toBe(size);
      expect(same(got!.value, expected)).toBe(true);
      const listed = (await store.list('/registry/value')).entries;
      expect(listed.length).toBe(1);
      expect(same(listed[0]!.value, expected)).toBe(true);
      await store.update(
        '/registry/value',
        expected.map((byte) => byte ^ 0xff),
        revision,
      );
      expect(
        same(
          (await store.get('/registry/value'))!.value,
          expected.map((byte) => byte ^ 0xff),
        ),
      ).toBe(true);
      // What was read before is not touched by what came after.
      expect(same(got!.value, expected)).toBe(true);
    });

    it('takes a view into a larger buffer', async () => {
      const store = use();
      const whole = bytes('--payload--');
      await store.create('/registry/view', whole.subarray(2, 9));
      expect(text((await store.get('/registry/view'))!.value)).toBe('payload');
    });

    it('gives each entry of a long list its own bytes', async () => {
      const store = use();
      const names = Array.from({ length: 300 }, (_, i) => `/registry/many/${String(i).padStart(4, '0')}`);
      await Promise.all(names.map((name) => store.create(name, bytes(`value of ${name}`))));
      const { entries } = await store.list('/registry/many/');
      expect(entries.map((entry) => entry.key)).toEqual(names);
      expect(entries.every((entry) => text(entry.value) === `value of ${entry.key}`)).toBe(true);
    });
  });
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
