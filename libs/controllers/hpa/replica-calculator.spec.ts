import { describe, expect, it } from 'vitest';
import type { Pod } from '@drydock/api/core/v1';
import {
  averageReplicas,
  groupPods,
  sharedValueReplicas,
  utilizationReplicas,
  valueReplicas,
} from './index.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString().replace('.000', '');
const tolerances = { scaleDown: 0.1, scaleUp: 0.1 };
const readiness = { cpuInitializationMs: 120_000, initialReadinessDelayMs: 10_000 };

type State = 'ready' | 'unready' | 'pending' | 'failed' | 'going' | 'starting' | 'bare';

function pod(at: number, state: State, request?: string): Pod {
  const isFalse = state === 'unready' || state === 'starting';
  const startedAgo = state === 'starting' ? 30 : 1000;
  return {
    metadata: { name: `p${at}`, ...(state === 'going' ? { deletionTimestamp: ago(1) } : {}) },
    spec: {
      containers: [{ name: 'c', resources: request === undefined ? {} : { requests: { cpu: request } } }],
    },
    status: {
      phase: state === 'pending' ? 'Pending' : state === 'failed' ? 'Failed' : 'Running',
      startTime: ago(startedAgo),
      ...(state === 'bare'
        ? {}
        : {
            conditions: [
              {
                type: 'Ready',
                status: isFalse ? 'False' : 'True',
                lastTransitionTime: ago(isFalse ? startedAgo : 900),
              },
            ],
          }),
    },
  } as Pod;
}

function input(levels: readonly (number | undefined)[], states: readonly State[], request?: string) {
  const pods = states.map((state, at) => pod(at, state, request));
  const metrics = new Map(
    levels.flatMap((value, at) =>
      value === undefined
        ? []
        : [[`p${at}`, { value, timestampMs: nowMs - 10_000, windowMs: 30_000 }] as const],
    ),
  );
  return { pods, metrics, tolerances, readiness, nowMs, currentReplicas: states.length };
}
const all = (count: number): State[] => Array.from({ length: count }, () => 'ready');

describe('share of the requests', () => {
  it.each<[string, (number | undefined)[], State[], number, number, number]>([
    // what, levels (request 1000m each), states, target %, replicas, shown %
    ['up', [300, 500, 700], all(3), 30, 5, 50],
    ['down', [100, 300, 500, 250, 250], all(5), 50, 3, 28],
    ['within, above', [1010, 1030, 1020], all(3), 100, 3, 102],
    ['within, at the edge', [550, 550], all(2), 50, 2, 55],
    ['not ready holds back, not all', [300, 500, 700], ['unready', 'ready', 'ready'], 30, 4, 60],
    ['a new Pod is not ready', [undefined, 500, 700], ['pending', 'ready', 'ready'], 30, 4, 60],
    [
      'failed and going ones do not exist',
      [500, 700, 9, 9],
      ['ready', 'ready', 'failed', 'going'],
      30,
      4,
      60,
    ],
    ['CPU of the start does not count', [9000, 500, 700], ['starting', 'ready', 'ready'], 30, 4, 60],
    ['without a condition: not ready', [9000, 500, 700], ['bare', 'ready', 'ready'], 30, 4, 60],
    ['missing, up: nothing', [undefined, 500, 700], all(3), 30, 4, 60],
    ['missing, down: all of it', [undefined, 100, 100], all(3), 50, 3, 10],
    ['missing, down, several', [undefined, 10, 10, 10, 10], all(5), 50, 2, 1],
    ['missing at the target: as it is', [undefined, 1000], all(2), 100, 2, 100],
    ['all but one not ready', [undefined, 450], ['unready', 'ready'], 30, 2, 45],
  ])('%s', (_, levels, states, target, replicas, shown) => {
    const found = utilizationReplicas({ ...input(levels, states, '1'), resource: 'cpu', target });
    expect([found.replicas, found.current]).toEqual([replicas, shown]);
    expect(found.steps.length).toBeGreaterThan(2);
  });

  it.each<[string, (number | undefined)[], State[], string | undefined, string]>([
    ['no Pods', [], [], '1', 'no pods returned by selector while calculating replica count'],
    [
      'no samples of ready Pods',
      [1],
      ['starting'],
      '1',
      'did not receive metrics for targeted pods (pods might be unready)',
    ],
    ['no request', [1], ['ready'], undefined, 'missing request for cpu in container c of Pod p0'],
    ['a request of nothing', [1], ['ready'], '0', 'no metrics returned matched known pods'],
  ])('fails: %s', (_, levels, states, request, message) => {
    expect(() =>
      utilizationReplicas({ ...input(levels, states, request), resource: 'cpu', target: 50 }),
    ).toThrow(message);
  });

  it('has a tolerance for each direction', () => {
    const base = { ...input([600, 600], all(2), '1'), resource: 'cpu', target: 50 };
    expect(utilizationReplicas({ ...base, tolerances: { scaleUp: 0.2, scaleDown: 0 } }).replicas).toBe(2);
    expect(utilizationReplicas({ ...base, tolerances: { scaleUp: 0.1, scaleDown: 0.5 } }).replicas).toBe(3);
  });

  it('counts sidecars, and a request of the whole Pod before them', () => {
    const given = input([500], all(1), '500m');
    const [only] = given.pods;
    const sidecar = {
      name: 's',
      restartPolicy: 'Always',
      resources: { requests: { cpu: '500m' } },
    };
    const spec = { ...only?.spec, initContainers: [sidecar] } as NonNullable<Pod['spec']>;
    const with_ = (more: object) =>
      utilizationReplicas({
        ...given,
        pods: [{ ...only, spec: { ...spec, ...more } } as Pod],
        resource: 'cpu',
        target: 50,
      }).current;
    expect(with_({})).toBe(50);
    expect(with_({ resources: { requests: { cpu: '250m' } } })).toBe(200);
  });
});

describe('an average', () => {
  it.each<[(number | undefined)[], State[], number, number, number]>([
    [[20_000, 10_000, 30_000], all(3), 15_000, 4, 20_000],
    [[12_000, 12_000, 12_000, 12_000, 12_000], all(5), 20_000, 3, 12_000],
    [[undefined, 30_000], all(2), 10_000, 3, 30_000],
    [[undefined, 1000], all(2), 10_000, 2, 1000],
    [[50_000, 10_000, 30_000], ['ready', 'ready', 'pending'], 15_000, 4, 30_000],
  ])('%j %j against %d: %d', (levels, states, target, replicas, shown) => {
    const found = averageReplicas({ ...input(levels, states), resource: '', target });
    expect([found.replicas, found.current]).toEqual([replicas, shown]);
  });
});

describe('one value', () => {
  const pods = input([], ['ready', 'ready', 'unready']).pods;
  it.each([
    [3, 20_000, 10_000, 4],
    [3, 10_500, 10_000, 3],
    [0, 25_000, 10_000, 3],
    [0, 0, 10_000, 0],
    [3, 0, 10_000, 0],
  ])('from %d, %d against %d: %d', (currentReplicas, value, target, replicas) => {
    expect(valueReplicas({ currentReplicas, pods, tolerances, value, target }).replicas).toBe(replicas);
  });

  it.each([
    [2, 7000, 2000, 4, 3500],
    [3, 6100, 2000, 3, 2034],
    [0, 3000, 2000, 2, 3000],
    [0, 0, 2000, 0, 0],
  ])('shared by %d, %d against %d: %d', (statusReplicas, value, target, replicas, current) => {
    const found = sharedValueReplicas({ statusReplicas, tolerances, value, target });
    expect([found.replicas, found.current]).toEqual([replicas, current]);
  });
});

describe('groups', () => {
  it('wants one whole window since the Pod became ready', () => {
    const young = pod(0, 'ready', '1');
    const status = {
      ...young.status,
      startTime: ago(60),
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(40) }],
    };
    const at = (timestampMs: number) =>
      groupPods(
        [{ ...young, status } as Pod],
        new Map([['p0', { value: 1, timestampMs, windowMs: 30_000 }]]),
        'cpu',
        readiness,
        nowMs,
      );
    expect(at(nowMs - 11_000).unready).toEqual(['p0']);
    expect(at(nowMs - 10_000).ready).toEqual(['p0']);
  });
});
