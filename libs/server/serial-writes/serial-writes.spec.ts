import { describe, expect, it } from 'vitest';
import { notFound } from '@drydock/base/apimachinery';
import { createSerialWrites } from './index.ts';

describe('writes about objects', () => {
  it('are made one after the other for one, side by side for several', async () => {
    const told: string[] = [];
    const doors = new Map<string, () => void>();
    const writes = createSerialWrites(
      async (name) => {
        told.push(`${name} begins`);
        await new Promise<void>((resolve) => doors.set(name, resolve));
        told.push(`${name} ends`);
      },
      () => undefined,
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    for (const name of ['a', 'a', 'b']) writes.enqueue(name);
    await turn();
    expect(told).toEqual(['a begins', 'b begins']);
    doors.get('a')?.();
    await turn();
    expect(told).toEqual(['a begins', 'b begins', 'a ends', 'a begins']);
    for (const open of doors.values()) open();
    await writes.idle();
    expect(told.slice(4).toSorted()).toEqual(['a ends', 'b ends']);
  });

  it('go on after one that failed, which is told of unless the object is gone', async () => {
    const failures: string[] = [];
    let round = 0;
    const gone = notFound({ group: '', resource: 'pods' }, 'a');
    const writes = createSerialWrites(
      () => Promise.reject(round++ === 0 ? gone : new Error(`round ${round}`)),
      (name, error) => void failures.push(`${name}: ${(error as Error).message}`),
    );
    for (let at = 0; at < 3; at++) writes.enqueue('a');
    await writes.idle();
    expect(failures).toEqual(['a: round 2', 'a: round 3']);
  });
});
