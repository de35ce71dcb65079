import { describe, expect, it } from 'vitest';
import { checkHistory } from './check.ts';
import type { History, Listing, Operation, Outcome, Request, WatchedChange, WatchLog } from './history.ts';
import { checkKey } from './linearizable.ts';

const op = (
  [invokedAt, returnedAt]: readonly [number, number],
  request: Request,
  outcome: Outcome,
  key = 'k',
): Operation => ({ client: 0, key, request, outcome, invokedAt, returnedAt });
const create = (value: string): Request => ({ kind: 'create', value });
const update = (value: string, expected: number): Request => ({ kind: 'update', value, expected });
const remove = (expected: number): Request => ({ kind: 'delete', expected });
const get: Request = { kind: 'get' };
const written = (revision?: number): Outcome => ({ kind: 'written', revision });
const read = (value?: string, revision = 0): Outcome => ({
  kind: 'read',
  held: value === undefined ? undefined : { value, revision },
});
const unknown: Outcome = { kind: 'unknown' };
const verdict = (...operations: Operation[]) => checkKey(operations).kind;

describe('the order of one key', () => {
  it('accepts a life of a key, and reads that overlap a write on either side of it', () => {
    const base = [op([0, 1], create('a'), written(2)), op([2, 9], update('b', 2), written(3))];
    expect(verdict(...base, op([3, 4], get, read('a', 2)), op([5, 6], get, read('b', 3)))).toBe(
      'linearizable',
    );
    expect(
      verdict(
        ...base,
        op([10, 11], remove(3), written(5)),
        op([12, 13], get, read()),
        op([14, 15], update('c', 3), { kind: 'missing' }),
      ),
    ).toBe('linearizable');
  });

  it('finds a stale read', () => {
    const base = [op([0, 1], create('a'), written(2)), op([2, 3], update('b', 2), written(3))];
    expect(verdict(...base, op([4, 5], get, read('a', 2)))).toBe('violation');
    expect(verdict(op([0, 1], create('a'), written(2)), op([2, 3], get, read()))).toBe('violation');
  });

  it('finds reads that go back while a write is under way', () => {
    const base = [op([0, 1], create('a'), written(2)), op([2, 20], update('b', 2), written(3))];
    expect(verdict(...base, op([3, 4], get, read('b', 3)), op([5, 6], get, read('a', 2)))).toBe('violation');
  });

  it('finds a lost update: two acknowledged on the same revision', () => {
    expect(
      verdict(
        op([0, 1], create('a'), written(2)),
        op([2, 5], update('b', 2), written(3)),
        op([2, 6], update('c', 2), written(4)),
      ),
    ).toBe('violation');
  });

  it('finds an acknowledged write that a crash took back', () => {
    expect(
      verdict(
        op([0, 1], create('a'), written(2)),
        op([2, 3], update('b', 2), written(3)),
        op([9, 10], get, read('a', 2)),
      ),
    ).toBe('violation');
  });

  it('finds a key created twice, and a refusal with no reason', () => {
    expect(verdict(op([0, 5], create('a'), written(2)), op([1, 6], create('b'), written(3)))).toBe(
      'violation',
    );
    expect(verdict(op([0, 1], create('a'), { kind: 'exists' }))).toBe('violation');
    expect(
      verdict(op([0, 1], create('a'), written(2)), op([2, 3], update('b', 2), { kind: 'conflict' })),
    ).toBe('violation');
  });

  it('finds a revision that goes back', () => {
    expect(verdict(op([0, 1], create('a'), written(7)), op([2, 3], update('b', 7), written(6)))).toBe(
      'violation',
    );
    expect(
      verdict(
        op([0, 1], create('a'), written(7)),
        op([2, 3], remove(7), written(9)),
        op([4, 5], create('b'), written(8)),
      ),
    ).toBe('violation');
  });

  it('lets a write without an answer happen late, or never, but once', () => {
    const base = [op([0, 1], create('a'), written(2)), op([2, 3], update('b', 2), unknown)];
    expect(verdict(...base, op([10, 11], get, read('a', 2)))).toBe('linearizable');
    expect(verdict(...base, op([10, 11], get, read('a', 2)), op([12, 13], get, read('b', 4)))).toBe(
      'linearizable',
    );
    expect(verdict(...base, op([10, 11], get, read('b', 4)), op([12, 13], get, read('a', 2)))).toBe(
      'violation',
    );
    // After an acknowledged update on the same revision it can no longer happen.
    expect(verdict(...base, op([4, 5], update('c', 2), written(3)), op([10, 11], get, read('b', 4)))).toBe(
      'violation',
    );
    expect(verdict(op([2, 3], create('a'), unknown), op([0, 1], get, read('a', 2)))).toBe('violation');
  });

  it('gives up rather than search for ever', () => {
    const many = Array.from({ length: 30 }, (_, index) => op([0, 100], create(`v${index}`), unknown));
    expect(checkKey([...many, op([1, 2], get, read('x', 5))], undefined, 10).kind).toBe('undecided');
  });

  it('decides long histories with writes in doubt at once', () => {
    const operations: Operation[] = [op([0, 0.5], create('v0'), written(1))];
    for (let index = 1; index < 300; index++) {
      const at = index * 10;
      operations.push(op([at, at + 9], update(`v${index}`, index), written(index + 1)));
      if (index % 20 === 0) operations.push(op([at, at + 5], update(`lost${index}`, index - 1), unknown));
      operations.push(
        op(
          [at + 1, at + 12],
          get,
          index % 2 === 0 ? read(`v${index}`, index + 1) : read(`v${index - 1}`, index),
        ),
      );
    }
    expect(verdict(...operations)).toBe('linearizable');
  });
});

describe('what watches saw', () => {
  const put = (revision: number, value: string, key = 'k'): WatchedChange => ({
    type: 'put',
    key,
    revision,
    value,
  });
  const all = [
    put(2, 'a'),
    put(3, 'x', 'other'),
    put(4, 'b'),
    { type: 'delete', key: 'k', revision: 6 } as const,
  ];
  const log = (name: string, changes: readonly WatchedChange[], from = 1): WatchLog => ({
    name,
    from,
    changes,
  });
  const complaints = (watches: readonly WatchLog[], parts: Partial<History> = {}) =>
    checkHistory({ operations: [], listings: [], ...parts, watches });
  const listing = (
    revision: number,
    held: Readonly<Record<string, [string, number]>>,
    at = revision,
  ): Listing => ({
    ...{ client: 0, revision, invokedAt: at, returnedAt: at + 0.5 },
    held: new Map(Object.entries(held).map(([key, [value, written]]) => [key, { value, revision: written }])),
  });

  it('accepts watches that agree, from where each began to where each ended', () => {
    expect(complaints([log('one', all), log('two', all.slice(1), 2), log('three', all.slice(0, 2))])).toEqual(
      [],
    );
  });

  it('finds a change that is missing, with another watch or an acknowledged write as the witness', () => {
    expect(complaints([log('one', all), log('two', all.toSpliced(1, 1))])).toEqual([
      'two: put of other at 3 is missing',
    ]);
    const operations = [op([0, 1], create('x'), written(3), 'other')];
    expect(complaints([log('one', all.toSpliced(1, 1))], { operations })).toEqual([
      'one: put of other at 3 is missing',
    ]);
  });

  it('finds a duplicate and a disorder', () => {
    expect(complaints([log('one', [...all.slice(0, 2), put(3, 'x', 'other')])])).toEqual([
      'one: other at 3 came twice',
    ]);
    expect(complaints([log('one', [all[0]!, all[2]!, all[1]!])])).toEqual(['one: other at 3 came after 4']);
    expect(complaints([log('one', all, 2)])).toContain('one: k at 2 came twice');
  });

  it('finds watches that tell different things of one revision', () => {
    expect(complaints([log('one', all), log('two', [put(2, 'z')])])[0]).toMatch(
      /^two: revision 2 is .*"z".*elsewhere .*"a"/,
    );
    const operations = [op([0, 1], create('z'), written(2))];
    expect(complaints([log('one', all)], { operations })[0]).toMatch(/^revision 2 was acknowledged as .*"z"/);
  });

  it('finds a list that is not what the changes make, and one that goes back', () => {
    const sound = [
      listing(1, {}),
      listing(4, { k: ['b', 4], other: ['x', 3] }),
      listing(6, { other: ['x', 3] }),
    ];
    expect(complaints([log('one', all)], { listings: sound })).toEqual([]);
    const wrong = [listing(1, {}), listing(4, { k: ['a', 2], other: ['x', 3] })];
    expect(complaints([log('one', all)], { listings: wrong })).toEqual([
      'list at 4: k is a, the changes make it b',
    ]);
    const back = [listing(4, { k: ['b', 4], other: ['x', 3] }, 1), listing(2, { k: ['a', 2] }, 9)];
    expect(complaints([log('one', all)], { listings: back })).toContain('a list at 2 came after one at 4');
  });
});
