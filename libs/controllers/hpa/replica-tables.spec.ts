import { describe, expect, it } from 'vitest';
import type { Pod } from '@drydock/api/core/v1';
import {
  averageRatio,
  averageReplicas,
  groupPods,
  podRequests,
  sharedValueReplicas,
  utilizationRatio,
  utilizationReplicas,
  valueReplicas,
} from './index.ts';

// The facts of kube-controller-manager's own tables about its replica calculator.

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const minutes = (count: number) => count * 60_000;
const at = (agoMs: number) => new Date(nowMs - agoMs).toISOString();
const never = '0001-01-01T00:00:00Z';
const readiness = { cpuInitializationMs: minutes(2), initialReadinessDelayMs: 10_000 };
const usual = { scaleDown: 0.1, scaleUp: 0.1 };

interface PodRow {
  readonly ready?: boolean;
  readonly phase?: string;
  readonly going?: boolean;
  readonly start?: 'hot' | 'cool';
}
const down: PodRow = { ready: false };
const hot: PodRow = { start: 'hot' };
const cool: PodRow = { start: 'cool' };
const failed: PodRow = { ready: false, phase: 'Failed' };
const going: PodRow = { ready: false, going: true };
const pending: PodRow = { ready: false, phase: 'Pending' };
const up: PodRow = {};

const podOf = (
  { ready = true, phase = 'Running', going: goes, start }: PodRow,
  index: number,
  request?: string,
) =>
  ({
    metadata: { name: `p-${index}`, ...(goes ? { deletionTimestamp: at(0) } : {}) },
    spec: {
      containers: ['container1', 'container2'].map((name) => ({
        name,
        ...(request === undefined ? {} : { resources: { requests: { cpu: request } } }),
      })),
    },
    status: {
      phase,
      startTime: start === undefined ? never : at(start === 'hot' ? 0 : minutes(3)),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }) as unknown as Pod;

const samplesOf = (levels: readonly number[], prefix = 'p') =>
  new Map(
    levels.map((value, index) => [
      `${prefix}-${index}`,
      { value, timestampMs: Date.parse(never), windowMs: 60_000 },
    ]),
  );

interface Row {
  readonly replicas: number;
  readonly pods?: readonly PodRow[];
  readonly levels: readonly number[];
  readonly target: number;
  readonly expected: readonly [replicas: number, shown: number, raw?: number];
  readonly requests?: readonly string[];
  readonly container?: string;
  readonly tolerances?: typeof usual;
  readonly names?: string;
}

function inputOf({ replicas, pods, levels, requests, tolerances = usual, names }: Row) {
  const rows = pods ?? Array.from({ length: replicas }, () => up);
  return {
    currentReplicas: replicas,
    pods: rows.map((row, index) => podOf(row, index, requests === undefined ? '1' : requests[index])),
    metrics: samplesOf(levels, names),
    tolerances,
    readiness,
    nowMs,
  };
}
/** Of each Pod's two containers, both use as much. */
const both = (...levels: number[]) => levels.map((level) => level * 2);
const uneven = ['0.9', '1.0', '1.1'];

describe('utilization', () => {
  const base = { target: 30, levels: both(300, 500, 700), replicas: 3 };
  const low = { target: 50, levels: both(100, 300, 500, 250, 250), replicas: 5 };
  const even = { replicas: 3, target: 100, requests: uneven };
  const one = { container: 'container2' };
  it.each<[string, Row]>([
    ['up', { ...base, expected: [5, 50, 1000] }],
    ['up, of a container', { ...base, ...one, levels: [300, 500, 700], expected: [5, 50, 500] }],
    ['up, less with one unready', { ...base, pods: [down, up, up], expected: [4, 60, 1200] }],
    ['up, less with one hot', { ...base, pods: [hot, cool, cool], expected: [4, 60, 1200] }],
    [
      'not, for unready',
      { ...base, levels: both(400, 500, 700), pods: [up, down, down], expected: [3, 40, 800] },
    ],
    [
      'not, for hot and unready',
      {
        ...base,
        levels: both(400, 500, 700),
        pods: [cool, { ...down, ...hot }, { ...down, ...hot }],
        expected: [3, 40, 800],
      },
    ],
    [
      'up, failed ignored',
      {
        ...base,
        replicas: 2,
        levels: both(500, 700),
        pods: [up, up, failed, failed],
        expected: [4, 60, 1200],
      },
    ],
    [
      'up, going ignored',
      { ...base, replicas: 2, levels: both(500, 700), pods: [up, up, going, going], expected: [4, 60, 1200] },
    ],
    ['down', { ...low, expected: [3, 28, 560] }],
    ['down, of a container', { ...low, ...one, levels: [100, 300, 500, 250, 250], expected: [3, 28, 280] }],
    ['down, without unready', { ...low, pods: [up, up, up, down, down], expected: [2, 30, 600] }],
    [
      'down, without pending',
      { ...low, levels: both(100), pods: [up, pending, pending, pending, pending], expected: [1, 10, 200] },
    ],
    ['down, without hot', { ...low, pods: [cool, cool, cool, hot, hot], expected: [2, 30, 600] }],
    ['down, failed ignored', { ...low, pods: [up, up, up, up, up, failed, failed], expected: [3, 28, 560] }],
    ['down, going ignored', { ...low, pods: [up, up, up, up, up, going, going], expected: [3, 28, 560] }],
    ['tolerated', { ...even, levels: both(1010, 1030, 1020), expected: [3, 102, 2040] }],
    [
      'no tolerance',
      {
        ...even,
        tolerances: { scaleDown: 0, scaleUp: 0 },
        levels: both(909, 1010, 1111),
        expected: [4, 101, 2020],
      },
    ],
    [
      '200 % up tolerated',
      {
        ...even,
        tolerances: { scaleDown: 0.1, scaleUp: 2 },
        levels: both(1890, 1910, 1900),
        expected: [3, 190, 3800],
      },
    ],
    [
      '8 % up tolerated',
      {
        ...even,
        tolerances: { scaleDown: 2, scaleUp: 0.08 },
        levels: both(1100, 1080, 1090),
        expected: [4, 109, 2180],
      },
    ],
    [
      '36 % down tolerated',
      {
        ...even,
        tolerances: { scaleDown: 0.36, scaleUp: 0.1 },
        levels: both(660, 640, 650),
        expected: [3, 65, 1300],
      },
    ],
    [
      '34 % down tolerated',
      {
        ...even,
        tolerances: { scaleDown: 0.34, scaleUp: 0.1 },
        levels: both(660, 640, 650),
        expected: [2, 65, 1300],
      },
    ],
    [
      'superfluous samples',
      {
        replicas: 4,
        target: 100,
        levels: both(4000, 9500, 3000, 7000, 3200, 2000),
        expected: [24, 587, 11_750],
      },
    ],
    ['missing samples', { replicas: 4, target: 100, levels: both(400, 95), expected: [3, 24, 495] }],
    ['missing, equal', { replicas: 2, target: 100, levels: both(1000), expected: [2, 100, 2000] }],
    ['missing, above', { replicas: 2, target: 100, levels: both(1900), expected: [2, 190, 3800] }],
    ['missing, below', { replicas: 2, target: 100, levels: both(600), expected: [2, 60, 1200] }],
    [
      'missing and unready',
      { replicas: 3, target: 50, pods: [down, up, up], levels: both(100, 450), expected: [3, 45, 900] },
    ],
    [
      'missing and hot',
      { replicas: 3, target: 50, pods: [hot, cool, cool], levels: both(100, 450), expected: [3, 45, 900] },
    ],
    [
      'missing and unready, up',
      { replicas: 3, target: 50, pods: [down, up, up], levels: both(100, 2000), expected: [4, 200, 4000] },
    ],
    [
      'missing and hot, up',
      {
        replicas: 3,
        target: 50,
        pods: [{ ...hot, ...down }, cool, cool],
        levels: both(100, 2000),
        expected: [4, 200, 4000],
      },
    ],
    [
      'missing and unready, down',
      {
        replicas: 4,
        target: 50,
        pods: [down, up, up, up],
        levels: both(100, 100, 100),
        expected: [3, 10, 200],
      },
    ],
    [
      'missing, target over 100',
      {
        replicas: 4,
        target: 300,
        pods: [down, up, up, up],
        requests: ['1.0', '1.0', '2.0', '2.0'],
        levels: both(200, 100, 100),
        expected: [2, 6, 200],
      },
    ],
    [
      'a rolling update that surges',
      { replicas: 2, target: 50, pods: [up, up, up], levels: both(100, 100), expected: [2, 10, 200] },
    ],
  ])('%s', (_, row) => {
    const { container } = row;
    const { replicas, current, average } = utilizationReplicas({
      ...inputOf(row),
      resource: 'cpu',
      target: row.target,
      ...(container === undefined ? {} : { container }),
    });
    expect([replicas, current, average]).toEqual(row.expected);
  });

  // Each of ten Pods asks for twice what it uses, with some jitter: 50 %.
  it.each([
    [56, 9],
    [55, 10],
  ])('around the tolerance: target %d of ten Pods: %d', (target, expected) => {
    const jitter = [200, -200, 20, -20, 4, -4, 2, -2, 0, 0];
    const requests = jitter.map((more) => `${(600 + more) / 2}m`);
    const row = {
      replicas: 10,
      target,
      levels: both(...jitter.map(() => 150)),
      requests,
      expected: [0, 0],
    } as const;
    const { replicas, current, average } = utilizationReplicas({ ...inputOf(row), resource: 'cpu', target });
    expect([replicas, current, average]).toEqual([expected, 50, 300]);
  });

  it.each<[string, Omit<Row, 'expected'>, string]>([
    [
      'samples of other Pods',
      { replicas: 1, levels: both(100), target: 100, names: 'older' },
      'no metrics returned matched known pods',
    ],
    [
      'no requests',
      { replicas: 1, levels: both(200), target: 100, requests: [] },
      'missing request for cpu in container container1 of Pod p-0',
    ],
  ])('%s', (_, row, message) =>
    expect(() =>
      utilizationReplicas({ ...inputOf({ ...row, expected: [0, 0] }), resource: 'cpu', target: row.target }),
    ).toThrow(message),
  );
});

describe('a metric of each Pod', () => {
  const base = { replicas: 3, target: 15_000 };
  it.each<[string, Row]>([
    ['up', { ...base, levels: [20_000, 10_000, 30_000], expected: [4, 20_000] }],
    [
      'up, readiness aside',
      {
        ...base,
        pods: [cool, cool, { ...hot, ...down }],
        levels: [50_000, 10_000, 30_000],
        expected: [6, 30_000],
      },
    ],
    [
      'up, though it might have been down',
      {
        ...base,
        pods: [{ ...hot, ...down }, cool, { ...hot, ...down }],
        levels: [50_000, 15_000, 30_000],
        expected: [7, 31_666],
      },
    ],
    [
      'down',
      { replicas: 5, target: 20_000, levels: Array.from({ length: 5 }, () => 12_000), expected: [3, 12_000] },
    ],
    ['tolerated', { replicas: 3, target: 20_000, levels: [20_000, 21_000, 21_000], expected: [3, 20_666] }],
    [
      'not tolerated',
      {
        replicas: 3,
        target: 20_000,
        tolerances: { scaleDown: 0.1, scaleUp: 0.01 },
        levels: [20_000, 21_000, 21_000],
        expected: [4, 20_666],
      },
    ],
    [
      'missing, equal',
      { replicas: 5, target: 20_000, levels: [20_000, 19_000, 21_000], expected: [5, 20_000] },
    ],
    [
      'a rolling update that surges',
      { replicas: 2, target: 17_000, pods: [up, up, up], levels: [10_000, 10_000], expected: [2, 10_000] },
    ],
  ])('%s', (_, row) => {
    const { replicas, current } = averageReplicas({ ...inputOf(row), resource: '', target: row.target });
    expect([replicas, current]).toEqual(row.expected);
  });
});

const maxInt32 = 2 ** 31 - 1;

describe('one value', () => {
  const tight = { scaleDown: 0.1, scaleUp: 0.01 };
  it.each<[string, Row]>([
    ['up', { replicas: 3, levels: [20_000], target: 15_000, expected: [4, 20_000] }],
    [
      'up, of the ready',
      { replicas: 3, pods: [down, up, down], levels: [50_000], target: 10_000, expected: [5, 50_000] },
    ],
    [
      'of the ready, less',
      { replicas: 3, pods: [down, up, down], levels: [8600], target: 4400, expected: [2, 8600] },
    ],
    ['down', { replicas: 5, levels: [12_000], target: 20_000, expected: [3, 12_000] }],
    ['down, just', { replicas: 5, levels: [8600], target: 14_334, expected: [3, 8600] }],
    ['tolerated above', { replicas: 3, levels: [20_666], target: 20_000, expected: [3, 20_666] }],
    ['tolerated below', { replicas: 3, levels: [8600], target: 8888, expected: [3, 8600] }],
    [
      'not tolerated',
      { replicas: 3, tolerances: tight, levels: [20_666], target: 20_000, expected: [4, 20_666] },
    ],
    [
      'not tolerated, just',
      { replicas: 3, tolerances: tight, levels: [8900], target: 8800, expected: [4, 8900] },
    ],
    [
      'more than a count can be',
      { replicas: 3, levels: [2 ** 63], target: 1, expected: [maxInt32, 2 ** 63] },
    ],
  ])('%s', (_, row) => {
    const { replicas, current } = valueReplicas({
      ...inputOf(row),
      value: row.levels[0] ?? 0,
      target: row.target,
    });
    expect([replicas, current]).toEqual(row.expected);
  });

  it.each<[string, Row]>([
    ['up', { replicas: 3, levels: [20_000], target: 5000, expected: [4, 6667] }],
    ['up, another', { replicas: 3, levels: [8600], target: 2150, expected: [4, 2867] }],
    ['down', { replicas: 5, levels: [6000], target: 2000, expected: [3, 1200] }],
    ['down, another', { replicas: 5, levels: [8600], target: 2867, expected: [3, 1720] }],
    ['tolerated', { replicas: 4, levels: [20_166], target: 5000, expected: [4, 5042] }],
    ['tolerated below', { replicas: 3, levels: [8600], target: 2900, expected: [3, 2867] }],
    [
      'not tolerated',
      { replicas: 4, tolerances: tight, levels: [20_208], target: 5000, expected: [5, 5052] },
    ],
    [
      'not tolerated, another',
      { replicas: 3, tolerances: tight, levels: [8600], target: 2800, expected: [4, 2867] },
    ],
    [
      'more than a count can be',
      { replicas: 1, levels: [2 ** 63], target: 1, expected: [maxInt32, 2 ** 63] },
    ],
    ['as much as one bears', { replicas: 1, levels: [2 ** 63], target: 2 ** 63, expected: [1, 2 ** 63] }],
  ])('shared: %s', (_, row) => {
    const { replicas, current } = sharedValueReplicas({
      statusReplicas: row.replicas,
      tolerances: row.tolerances ?? usual,
      value: row.levels[0] ?? 0,
      target: row.target,
    });
    expect([replicas, current]).toEqual(row.expected);
  });
});

describe('use against the target', () => {
  const used = new Map([
    ['a', { value: 50 }],
    ['b', { value: 76 }],
  ]);
  const requests = new Map([
    ['a', 100],
    ['b', 100],
  ]);
  it.each([
    [used, requests],
    [new Map([...used, ['no request', { value: 100 }]]), requests],
    [used, new Map([...requests, ['no sample', 500]])],
  ])('%#', (samples, asked) =>
    expect(utilizationRatio(samples, asked, 50)).toEqual({ ratio: 1.26, current: 63, average: 63 }),
  );
  it('needs requests', () =>
    expect(() => utilizationRatio(used, new Map(), 50)).toThrow('no metrics returned matched known pods'));
  it('is an average of plain values', () =>
    expect(
      averageRatio(
        new Map([
          ['a', { value: 5000 }],
          ['b', { value: 10_000 }],
        ]),
        10_000,
      ),
    ).toMatchObject({
      ratio: 0.75,
      current: 7500,
    }));
});

describe('the groups of Pods', () => {
  const sample = (timestampAgoMs = 0, windowMs = 0) => ({
    value: 1,
    timestampMs: nowMs - timestampAgoMs,
    windowMs,
  });
  const old = { value: 1, timestampMs: Date.parse(never), windowMs: 0 };
  const lone = (status: object, metadata: object = {}) =>
    ({ metadata: { name: 'p', ...metadata }, status: { phase: 'Succeeded', ...status } }) as Pod;
  const since = (start: number, changed: number, status: string) => ({
    startTime: at(start),
    conditions: [{ type: 'Ready', status, lastTransitionTime: at(changed) }],
  });
  it.each([
    ['ready', 'memory', lone({}), sample(0, 60_000)],
    ['unready', 'cpu', lone({ startTime: at(0) }), old],
    ['ready', 'cpu', lone(since(minutes(1), 30_000, 'True')), sample(0, 30_000)],
    ['unready', 'cpu', lone(since(minutes(1), 30_000, 'True')), sample(0, 60_000)],
    ['unready', 'cpu', lone(since(minutes(10), minutes(10) - 6000, 'False')), old],
    ['ready', 'cpu', lone(since(minutes(3), minutes(3), 'True')), sample(minutes(2), 60_000)],
    ['ready', 'cpu', lone(since(minutes(10), minutes(9), 'False')), old],
    ['ready', 'cpu', lone(since(minutes(10), minutes(10) - 10_000, 'False')), old],
    ['missing', 'cpu', lone({ startTime: at(minutes(3)) }), undefined],
    ['unready', 'cpu', lone({ phase: 'Pending' }), undefined],
    ['ignored', 'cpu', lone({ phase: 'Pending' }, { deletionTimestamp: at(1) }), old],
    ['ignored', 'cpu', lone({ phase: 'Failed' }), old],
  ])('%s by %s: %#', (group, resource, pod, metric) => {
    const groups = groupPods(
      [pod],
      new Map(metric === undefined ? [] : [['p', metric]]),
      resource,
      readiness,
      nowMs,
    );
    expect(groups).toEqual({ ready: [], unready: [], missing: [], ignored: [], [group]: ['p'] });
  });
});

describe('what Pods ask for', () => {
  const containers = (...cpu: (string | undefined)[]) =>
    cpu.map((one, index) => ({
      name: `container${index + 1}`,
      ...(one === undefined ? {} : { resources: { requests: { cpu: one } } }),
    }));
  const own = { resources: { requests: { cpu: '800m' } } };
  const sidecar = { name: 'sidecar', restartPolicy: 'Always', resources: { requests: { cpu: '30m' } } };
  it.each([
    [undefined, { containers: containers('100m', '50m') }, 150],
    [undefined, { containers: containers('100m', '50m'), ...own }, 800],
    [undefined, { containers: containers(undefined, '50m'), ...own }, 800],
    [undefined, { containers: containers('100m'), ...own, overhead: { cpu: '20m' } }, 820],
    [undefined, { containers: containers(undefined, '50m'), resources: { requests: { memory: '1Gi' } } }, 50],
    [undefined, { containers: containers('100m', '50m'), resources: { requests: { disks: '1' } } }, 150],
    ['container1', { containers: containers('100m', '50m') }, 100],
    ['container1', { containers: containers('100m', '50m'), ...own }, 100],
    [undefined, { containers: containers('100m'), initContainers: [sidecar, { name: 'init' }] }, 130],
    ['sidecar', { containers: containers('100m'), initContainers: [sidecar] }, 30],
  ])('%s of %j', (container, spec, expected) => {
    const pod = { metadata: { name: 'test-pod' }, spec } as Pod;
    expect(podRequests([pod], container, 'cpu')).toEqual(new Map([['test-pod', expected]]));
  });
  it.each([
    [
      undefined,
      { containers: containers(undefined, '50m') },
      'missing request for cpu in container container1 of Pod test-pod',
    ],
    ['container3', { containers: containers('100m') }, 'container container3 not found in Pod test-pod'],
    [
      undefined,
      { containers: containers(undefined, undefined), resources: { requests: { memory: '1Gi' } } },
      'missing pod-level request for cpu in Pod test-pod',
    ],
  ])('%s of %j is missing', (container, spec, message) => {
    const pod = { metadata: { name: 'test-pod' }, spec } as Pod;
    expect(() => podRequests([pod], container, 'cpu')).toThrow(message);
  });
});
