import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '@drydock/api/core/v1';
import { containerUsage, createMeter, parseUsage, usageCurve, usageFaults } from './index.ts';

describe('usages', () => {
  it.each([
    ['250m', 7, 0.25],
    ['64Mi', 0, 64 * 2 ** 20],
    ['100m + 50m*t', 2, 0.2],
    ['200m*between(t, 10, 20)', 10, 0.2],
    ['200m*between(t, 10, 20)', 20, 0],
    ['max(1, t % 3) * 2', 5, 4],
    ['-1 + t', 0, 0],
    ['1/t', 0, 0],
    ['100m*(1+sin(2*pi*t/4))', 1, 0.2],
    ['0,100m;30s,2;1m,300m', 29, 0.1],
    ['time,cpu\n0,100m\n30s,2\n1m,300m\n', 59, 2],
    ['0,100m\n60,300m', 1e6, 0.3],
    // As spreadsheets write it, with times of the day, out of order, twice the same.
    ['\uFEFF"seconds","cpu"\r\n"0","100m"\r\n" 60 ", 200m \r\n', 60, 0.2],
    ['time,value\n2026-01-01T12:00:00Z,1\n2026-01-01T12:01:00Z,2\n', 59, 1],
    ['2026-01-01 12:00:00Z,1\n2026-01-01 12:01:00Z,2', 60, 2],
    ['60,2\n0,1\n# and that is it\n', 30, 1],
    ['0,1\n0,3\n', 0, 3],
    ['30s,2', 0, 2],
    ['0,-1;10,1', 5, 0],
  ])('%j at %d: %d', (text, t, value) => expect(parseUsage(text)(t)).toBeCloseTo(value, 9));

  it.each([
    '',
    '1 +',
    'foo(1)',
    '(1',
    '1 2',
    't;t',
    '$',
    'constructor',
    '('.repeat(500),
    '0,1\n2026-01-01T12:00:00Z,2',
    '0,1,2',
    '0,1\nx,2',
    'seconds,cpu',
    '-5,1',
    '0,',
  ])('refuses %j', (text) => expect(usageCurve(text)).toBeUndefined());

  it('shares the load of a Service among its ready Pods', () => {
    const pod = {
      metadata: { annotations: { 'drydock.dev/cpu-usage': '10m', 'cpu-usage.drydock.dev/b': '20m' } },
      spec: { containers: [{ name: 'a' }, { name: 'b' }] },
    } as unknown as Pod;
    const service = {
      metadata: {
        creationTimestamp: '1970-01-01T00:00:00Z',
        annotations: { 'drydock.dev/cpu-load': '0,1;10,4' },
      },
    } as unknown as Service;
    const at = (name: string, readyPods: number, ready: boolean, nowMs: number) =>
      containerUsage('cpu', pod, name, 0, [{ service, readyPods, ready }], nowMs);
    expect(at('a', 2, true, 0)).toBeCloseTo(0.51);
    expect(at('a', 4, true, 10_000)).toBeCloseTo(1.01);
    expect(at('a', 2, false, 0)).toBeCloseTo(0.01);
    expect(at('b', 2, true, 0)).toBeCloseTo(0.02);
  });

  it('adds up', () => {
    const meter = createMeter(0, (ms) => (ms < 1000 ? 1 : 3));
    expect(meter.read(2000)).toBeCloseTo(4);
    expect(meter.read(2000)).toBeCloseTo(4);
    expect(meter.read(3000)).toBeCloseTo(7);
  });

  it('finds what means nothing', () => {
    const of = (annotations: Record<string, string>) =>
      usageFaults({
        metadata: { annotations },
        spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'side' }] },
      } as unknown as Pod).map(({ message }) => message);
    expect(
      of({
        'drydock.dev/cpu-usage': '1',
        'memory-usage.drydock.dev/side': '0,1Mi;5,2Mi',
        'drydock.dev/logs': '?',
      }),
    ).toEqual([]);
    expect(
      of({
        'drydock.dev/cpu-usage': '100m plus t',
        'memory-usage.drydock.dev/a': '0,1;5',
        'cpu-usage.drydock.dev/b': '1',
      }),
    ).toEqual([
      'drydock.dev/cpu-usage: neither a quantity nor a trace, and no expression: unexpected "plus"',
      'memory-usage.drydock.dev/a: neither a quantity nor a trace, and no expression: unexpected ";5"',
      'cpu-usage.drydock.dev/b: the Pod has no container b',
    ]);
  });
});
