import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDeclarations, parseQuery, QuerySyntaxError, type Point, type Series } from './index.ts';

const nowMs = 600_000;
const all: Readonly<Record<string, readonly Series[]>> = {
  queue: [
    { labels: { queue: 'a', zone: 'x' }, at: () => 10 },
    { labels: { queue: 'b', zone: 'x' }, at: () => 20 },
    { labels: { queue: 'c', zone: 'y' }, at: () => 5 },
  ],
  // Two a second, and begun anew five minutes ago.
  requests_total: [{ labels: { job: 'web' }, at: (ms) => (ms < 300_000 ? ms / 500 : (ms - 300_000) / 500) }],
};
const ask = (text: string) => parseQuery(text)({ nowMs, series: (metric) => all[metric] ?? [] });

describe('queries', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['-(4 - 6) % 5', 2],
    ['queue{queue="a"}', [{ labels: { queue: 'a', zone: 'x' }, value: 10 }]],
    ['queue{queue!="a", zone=~"x|z"} / 2', [{ labels: { queue: 'b', zone: 'x' }, value: 10 }]],
    ['sum(queue)', [{ labels: {}, value: 35 }]],
    [
      'sum by (zone) (queue)',
      [
        { labels: { zone: 'x' }, value: 30 },
        { labels: { zone: 'y' }, value: 5 },
      ],
    ],
    ['max(queue{zone!~"y"}) by (zone)', [{ labels: { zone: 'x' }, value: 20 }]],
    ['count(queue) - avg(queue{zone="x"})', [{ labels: {}, value: -12 }]],
    ['ceil(sum(queue) / 4)', [{ labels: {}, value: 9 }]],
    ['max_over_time(requests_total[5m])', [{ labels: { job: 'web' }, value: 600 }]],
    ['nothing{a="b"}', []],
    [
      'sum without (queue) (queue)',
      [
        { labels: { zone: 'x' }, value: 30 },
        { labels: { zone: 'y' }, value: 5 },
      ],
    ],
    ['queue > 10', [{ labels: { queue: 'b', zone: 'x' }, value: 20 }]],
    ['queue >= 10 < 20', [{ labels: { queue: 'a', zone: 'x' }, value: 10 }]],
    ['1 + 1 == 2', 1],
    ['sum(nothing) or vector(0)', [{ labels: {}, value: 0 }]],
    ['sum(queue) or vector(0)', [{ labels: {}, value: 35 }]],
    ['queue and queue{queue="c"}', [{ labels: { queue: 'c', zone: 'y' }, value: 5 }]],
    ['queue unless queue{zone="x"}', [{ labels: { queue: 'c', zone: 'y' }, value: 5 }]],
    ['clamp_max(sum(queue), 12) + clamp_min(3, 4)', [{ labels: {}, value: 16 }]],
    ['max_over_time(requests_total[4m60s])', [{ labels: { job: 'web' }, value: 600 }]],
    ['sum(queue) / count(queue) > 100', []],
    ["queue{queue='a',} % 3", [{ labels: { queue: 'a', zone: 'x' }, value: 1 }]],
    ['1e3 / 4', 250],
  ])('%s', (text, expected) => expect(ask(text)).toEqual(expected));

  it('knows the rate of a counter, also over its new beginning', () => {
    const [within] = ask('sum(rate(requests_total[2m]))') as readonly Point[];
    expect(within?.value).toBeCloseTo(2, 6);
    const [over] = ask('rate(requests_total{job="web"}[8m])') as readonly Point[];
    expect(over?.value).toBeGreaterThan(1.9);
    expect(over?.value).toBeLessThan(2.1);
  });

  it.each([
    '',
    'sum(',
    'queue{a}',
    'rate(queue)',
    'rate(queue[x])',
    'queue{a=~"("}',
    'f(queue)',
    '1 1',
    'queue{a=~"(a+)+"}',
    'queue >',
    'sum by (queue)',
    'rate(requests_total[5])',
    'rate(requests_total[0s])',
    'clamp_min(queue)',
    'queue =! 3',
  ])('refuses %j', (text) => expect(() => parseQuery(text)).toThrow(QuerySyntaxError));

  it.each(['queue or 1', 'vector(queue)', 'sum(1)'])('cannot answer %j', (text) =>
    expect(() => ask(text)).toThrow(QuerySyntaxError),
  );

  it('fails in its own way, whatever it is given', () => {
    const piece = fc.constantFrom(
      'sum',
      '(',
      ')',
      'queue',
      '{',
      '}',
      '"a"',
      '=',
      '[',
      '5m',
      ']',
      'by',
      '+',
      '-',
      '>',
      'or',
      'unless',
      'vector',
      '1',
      ',',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          ask(pieces.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(QuerySyntaxError);
        }
      }),
    );
  });
});

describe('declarations', () => {
  it('are series and rules, one a line', () => {
    const [series, rule, ...more] = parseDeclarations(
      '# two\nqueue_length{queue="a",env="x, y"} 0,5; 60,50\n\nbacklog = sum(queue_length) / 5\nwrong{ 5\nbad = sum(\n',
    );
    expect(more).toEqual([]);
    expect(series).toMatchObject({ metric: 'queue_length', labels: { queue: 'a', env: 'x, y' } });
    expect(series && 'curve' in series && [series.curve(0), series.curve(61)]).toEqual([5, 50]);
    expect(rule).toMatchObject({ metric: 'backlog' });
  });
});
