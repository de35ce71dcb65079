import { createVirtualClock } from '@drydock/base/clock';
import { createMemoryStore } from '@drydock/store-memory';
import { describe, expect, it } from 'vitest';
import { createNumberClaims } from './index.ts';

const no = () => false;

function servers() {
  const clock = createVirtualClock();
  const store = createMemoryStore();
  return { clock, store, one: createNumberClaims(store, clock), two: createNumberClaims(store, clock) };
}

describe('claims of servers that share a store', () => {
  it('are given to one of them at a time', async () => {
    const { one, two } = servers();
    const both = [one.claim('a', false, no), two.claim('a', false, no)];
    expect((await Promise.all(both)).sort()).toEqual([false, true]);
    expect(await two.claim('b', false, no)).toBe(true);
  });

  it('are free again at once when nothing was written, and a while later when something was', async () => {
    const { one, two, clock, store } = servers();
    await one.claim('a', false, no);
    one.release('a', false);
    await store.revision();
    expect(await two.claim('a', false, no)).toBe(true);
    two.release('a', true);
    expect(await one.claim('a', false, no)).toBe(false);
    // The one that has it may use it again: its own books tell it whether it may be given.
    expect(await two.claim('a', false, no)).toBe(true);
    two.release('a', true);
    await clock.advance(5_000);
    await store.revision();
    expect(await one.claim('a', false, no)).toBe(true);
  });

  it('are waited for: until an object has the number, or it is free, or its server is found dead', async () => {
    const { one, two, clock } = servers();
    await one.claim('a', false, no);
    let held = false;
    const known = two.claim('a', true, () => held);
    await clock.advance(1_000);
    held = true;
    await clock.advance(1_000);
    expect(await known).toBe(false);
    const dead = two.claim('a', true, no);
    await clock.advance(19_000);
    await clock.advance(2_000);
    expect(await dead).toBe(true);
    expect(await one.claim('b', false, no)).toBe(true);
  });

  it('are given back when their server stops', async () => {
    const { one, two } = servers();
    await one.claim('a', false, no);
    await one.stop();
    expect(await two.claim('a', false, no)).toBe(true);
  });
});
