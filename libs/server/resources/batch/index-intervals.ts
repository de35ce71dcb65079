import { goQuote } from '@drydock/base/apimachinery';

/** Indexes of a Job as text (`1,3-5`): how many they are, or what is wrong. */
export type IndexIntervals =
  | {
      readonly count: number;
      readonly intervals: readonly (readonly [number, number])[];
      readonly problem?: undefined;
    }
  | { readonly problem: string };

function indexOf(text: string, completions: number): number | string {
  if (!/^[+-]?\d+$/.test(text)) return `cannot convert string to integer for index: ${goQuote(text)}`;
  const value = Number(text);
  return value >= completions ? `too large index: ${goQuote(text)}` : value;
}

/** Reads intervals in increasing order below `completions`. */
export function parseIndexIntervals(text: string, completions: number): IndexIntervals {
  const intervals: (readonly [number, number])[] = [];
  let count = 0;
  let last: number | undefined;
  for (const part of text === '' ? [] : text.split(',')) {
    const limits = part.split('-');
    if (limits.length > 2) {
      return {
        problem: `the fragment ${goQuote(part)} violates the requirement that an index interval can have at most two parts separated by '-'`,
      };
    }
    const first = indexOf(limits[0] ?? '', completions);
    if (typeof first === 'string') return { problem: first };
    const end = limits.length === 2 ? indexOf(limits[1] ?? '', completions) : first;
    if (typeof end === 'string') return { problem: end };
    if (limits.length === 2 && first >= end) {
      return { problem: `non-increasing order, previous: ${first}, current: ${end}` };
    }
    if (last !== undefined && last >= first) {
      return { problem: `non-increasing order, previous: ${last}, current: ${first}` };
    }
    intervals.push([first, end]);
    count += end - first + 1;
    last = end;
  }
  return { count, intervals };
}

/** The first index that both hold, or undefined. */
export function firstOverlap(a: IndexIntervals, b: IndexIntervals): number | undefined {
  if (a.problem !== undefined || b.problem !== undefined) return undefined;
  for (const [start, end] of a.intervals) {
    for (const [otherStart, otherEnd] of b.intervals) {
      if (start <= otherEnd && otherStart <= end) return Math.max(start, otherStart);
    }
  }
  return undefined;
}
