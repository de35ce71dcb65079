import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, humanDuration, parseDuration, shortHumanDuration } from './duration.ts';
import { formatMicroTime, formatTime, parseTime, tryParseTime } from './time.ts';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;
const y = 365 * d;

describe('times', () => {
  it('are written in seconds or microseconds', () => {
    const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678) + 0.25;
    expect(formatTime(time)).toBe('2026-01-02T03:04:05Z');
    expect(formatMicroTime(time)).toBe('2026-01-02T03:04:05.678250Z');
    expect(formatTime(-1)).toBe('1969-12-31T23:59:59Z');
  });

  it.each([
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05.5Z', Date.UTC(2026, 0, 2, 3, 4, 5, 500)],
    ['2026-01-02T03:04:05+02:30', Date.UTC(2026, 0, 2, 0, 34, 5)],
    ['2026-01-02T03:04:05.000000001-01:00', Date.UTC(2026, 0, 2, 4, 4, 5)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('%s', (text, time) => {
    expect(parseTime(text)).toBeCloseTo(time, 3);
  });

  it.each([
    '',
    'x',
    '2026-01-02',
    '2026-02-30T00:00:00Z',
    '2026-01-02T24:00:00Z',
    '2026-01-02T03:04:05',
    '2026-13-01T00:00:00Z',
  ])('%j is no time', (text) => {
    expect(tryParseTime(text)).toBeUndefined();
    expect(() => parseTime(text)).toThrow(`parsing time ${JSON.stringify(text)} as`);
  });

  it('survive writing and parsing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (time) => {
        expect(parseTime(formatTime(time))).toBe(Math.floor(time / 1000) * 1000);
        expect(parseTime(formatMicroTime(time))).toBeCloseTo(time, 2);
      }),
    );
  });
});

describe('durations', () => {
  it.each([
    ['0', 0, '0s'],
    ['1m', m, '1m0s'],
    ['1h', h, '1h0m0s'],
    ['1h30m', h + 30 * m, '1h30m0s'],
    ['-1.5s', -1500, '-1.5s'],
    ['250ms', 250, '250ms'],
    ['1.5us', 0.0015, '1.5µs'],
    ['.5h', h / 2, '30m0s'],
    ['100h', 100 * h, '100h0m0s'],
    ['1m0.25s', m + 250, '1m0.25s'],
  ])('%s', (text, durationMs, written) => {
    expect(parseDuration(text)).toBeCloseTo(durationMs, 6);
    expect(formatDuration(durationMs)).toBe(written);
  });

  it.each([
    ['', 'time: invalid duration ""'],
    ['x', 'time: invalid duration "x"'],
    ['1', 'time: missing unit in duration "1"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['-', 'time: invalid duration "-"'],
    ['1h ', 'time: unknown unit "h " in duration "1h "'],
  ])('%j is no duration', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });

  it('survive writing and parsing', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBeCloseTo(durationMs, 3);
      }),
    );
  });

  it.each([
    [-2 * s, '<invalid>'],
    [-1 * s, '0s'],
    [-1, '0s'],
    [0, '0s'],
    [999, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [2 * m + 30 * s, '2m30s'],
    [10 * m - 1, '9m59s'],
    [10 * m + 30 * s, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [3 * h + 5 * m, '3h5m'],
    [8 * h + 59 * m, '8h'],
    [47 * h + 59 * m, '47h'],
    [48 * h, '2d'],
    [49 * h, '2d1h'],
    [8 * d + h, '8d'],
    [729 * d, '729d'],
    [2 * y, '2y'],
    [2 * y + d, '2y1d'],
    [8 * y + 300 * d, '8y'],
  ])('an age of %d ms is shown as %s', (durationMs, text) => {
    expect(humanDuration(durationMs)).toBe(text);
  });

  it.each([
    [-5 * s, '<invalid>'],
    [59 * s, '59s'],
    [61 * s, '1m'],
    [25 * h, '1d'],
    [366 * d, '1y'],
  ])('%d ms in one unit is %s', (durationMs, text) => {
    expect(shortHumanDuration(durationMs)).toBe(text);
  });
});
