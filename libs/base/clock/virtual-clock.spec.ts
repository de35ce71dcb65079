import { describe, expect, it } from 'vitest';
import { createVirtualClock } from './virtual-clock.ts';

describe('virtual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = createVirtualClock({ startMs: 1000 });
    let fired = false;
    clock.setTimeout(() => (fired = true), 10);
    await Promise.resolve();
    expect([clock.now(), fired, clock.pendingTimers(), clock.nextTimerMs()]).toEqual([1000, false, 1, 1010]);
    await clock.advance(9);
    expect([clock.now(), fired]).toEqual([1009, false]);
    await clock.advance(1);
    expect([clock.now(), clock.monotonicMs(), fired, clock.pendingTimers()]).toEqual([1010, 10, true, 0]);
  });

  it('fires in order of time, then of creation, each at its own time', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const seen: string[] = [];
    for (const [name, delayMs] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
      ['now', -5],
    ] as const) {
      clock.setTimeout(() => seen.push(`${name}@${clock.now()}`), delayMs);
    }
    await clock.advance(100);
    expect(seen).toEqual(['now@0', 'a@10', 'b1@20', 'b2@20', 'c@30']);
    expect(clock.now()).toBe(100);
  });

  it('fires timers that timers set, and lets promise chains settle between them', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const seen: number[] = [];
    async function loop(): Promise<void> {
      for (let round = 0; round < 5; round += 1) {
        await clock.sleep(10);
        for (let link = 0; link < 20; link += 1) await undefined;
        seen.push(clock.now());
      }
    }
    const done = loop();
    await clock.advance(45);
    expect(seen).toEqual([10, 20, 30, 40]);
    await clock.runUntilIdle();
    await done;
    expect(seen.at(-1)).toBe(50);
  });

  it('does not fire cancelled timers, and cancel may be called again', async () => {
    const clock = createVirtualClock();
    let fired = 0;
    const timer = clock.setTimeout(() => (fired += 1), 5);
    const other = clock.setTimeout(() => (fired += 10), 6);
    timer.cancel();
    timer.cancel();
    expect(clock.pendingTimers()).toBe(1);
    await clock.advance(10);
    other.cancel();
    expect([fired, clock.pendingTimers()]).toEqual([10, 0]);
  });

  it('keeps thousands of timers in order', async () => {
    const clock = createVirtualClock({ startMs: 0, settle: () => Promise.resolve() });
    const seen: number[] = [];
    for (let index = 0; index < 2000; index += 1)
      clock.setTimeout(() => seen.push(clock.now()), (index * 7919) % 997);
    await clock.runUntilIdle();
    expect(seen).toHaveLength(2000);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('stops a program that is never idle', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.setTimeout(tick, 1000);
    };
    tick();
    await clock.runUntilIdle({ limitMs: 10_000 });
    expect(ticks).toBe(11);
    await expect(clock.runUntilIdle({ maxTimers: 20 })).rejects.toThrow('still not idle');
  });

  it('sleep rejects with the reason of its signal and leaves no timer', async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(1000, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(clock.sleep(1, controller.signal)).rejects.toBe(reason);
    expect(clock.pendingTimers()).toBe(0);
  });
});
