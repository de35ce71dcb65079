import { describe, expect, it } from 'vitest';
import type { Taint, Toleration } from '@drydock/api/core/v1';
import { matchingTolerations, planEviction, tolerationMs } from './index.ts';

const taint = (key: string): Taint => ({ key, value: 'v', effect: 'NoExecute' });
const toleration = (key: string, seconds?: number): Toleration => ({
  key,
  value: 'v',
  effect: 'NoExecute',
  ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
});

describe('tolerationMs', () => {
  it.each<[string, Toleration[], number]>([
    ['none', [], 0],
    ['endless', [toleration('a')], Infinity],
    ['the shortest', [toleration('a', 60), toleration('b', 30), toleration('c')], 30_000],
    ['zero and below at once', [toleration('a', -5), toleration('b', 30)], 0],
  ])('%s', (_, used, expected) => expect(tolerationMs(used)).toBe(expected));
});

describe('matchingTolerations', () => {
  it('takes the first that covers each taint', () => {
    const list = [toleration('a', 1), toleration('a', 2), toleration('b', 3)];
    expect(matchingTolerations([taint('a'), taint('b')], list)).toEqual([list[0], list[2]]);
    expect(matchingTolerations([taint('c')], list)).toBeUndefined();
    expect(matchingTolerations([], [])).toEqual([]);
  });
});

describe('planEviction', () => {
  it.each<[string, Parameters<typeof planEviction>, ReturnType<typeof planEviction>]>([
    ['no taints', [[], [], { sinceMs: 1, atMs: 2 }, 5], undefined],
    ['not tolerated', [[taint('a')], [], undefined, 5], { sinceMs: 5, atMs: 5 }],
    ['tolerated for ever', [[taint('a')], [toleration('a')], { sinceMs: 1, atMs: 9 }, 5], undefined],
    ['tolerated for a while', [[taint('a')], [toleration('a', 1)], undefined, 5], { sinceMs: 5, atMs: 1005 }],
    [
      'a longer toleration puts nothing off',
      [[taint('a')], [toleration('a', 9)], { sinceMs: 5, atMs: 1005 }, 500],
      { sinceMs: 5, atMs: 1005 },
    ],
    [
      'a shorter one moves nothing forward',
      [[taint('a')], [toleration('a', 1)], { sinceMs: 5, atMs: 9005 }, 500],
      { sinceMs: 5, atMs: 9005 },
    ],
    [
      'nor does another taint that is tolerated for less',
      [[taint('a'), taint('b')], [toleration('a', 9), toleration('b', 1)], { sinceMs: 5, atMs: 9005 }, 500],
      { sinceMs: 5, atMs: 9005 },
    ],
    [
      'the shortest of several',
      [[taint('a'), taint('b')], [toleration('a', 9), toleration('b', 1)], undefined, 500],
      { sinceMs: 500, atMs: 1500 },
    ],
    [
      'one taint more that is not tolerated',
      [[taint('a'), taint('b')], [toleration('a', 9)], { sinceMs: 5, atMs: 9005 }, 500],
      { sinceMs: 5, atMs: 500 },
    ],
    [
      'one of two tolerated for ever, the other for a while',
      [[taint('a'), taint('b')], [toleration('a'), toleration('b', 60)], undefined, 0],
      { sinceMs: 0, atMs: 60_000 },
    ],
  ])('%s', (_, given, expected) => expect(planEviction(...given)).toEqual(expected));
});
