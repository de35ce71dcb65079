import { describe, expect, it } from 'vitest';
import { normalize, normalizeWithBehavior, type ScaleHistory } from './index.ts';

// The facts of kube-controller-manager's own tables about scaling with and without a behaviour.

const nowMs = 1_000_000_000;

/** Changes in the middle of equal parts of the last two minutes, oldest first. */
function changes(...sizes: readonly number[]) {
  const part = 120 / sizes.length;
  return sizes.map((change, index) => ({ change, atMs: nowMs - (120 - part * (index + 0.5)) * 1000 }));
}
/** Count of Pods and its period, percentage and its period; 0 for none. */
type Policies = readonly [pods: number, podsSeconds: number, percent: number, percentSeconds: number];

function rulesOf([pods, podsSeconds, percent, percentSeconds]: Policies) {
  return {
    selectPolicy: 'Max',
    stabilizationWindowSeconds: 0,
    policies: [
      ...(pods === 0 ? [] : [{ type: 'Pods', value: pods, periodSeconds: podsSeconds }]),
      ...(percent === 0 ? [] : [{ type: 'Percent', value: percent, periodSeconds: percentSeconds }]),
    ],
  };
}
const defaultUp: Policies = [4, 15, 100, 15];
const defaultDown: Policies = [0, 0, 100, 15];

interface Row {
  readonly from: number;
  readonly wanted: number;
  readonly min?: number;
  readonly max?: number;
  readonly up?: Policies;
  readonly down?: Policies;
  readonly ups?: readonly number[];
  readonly downs?: readonly number[];
  readonly expected: readonly [replicas: number, reason: string];
}
const within = 'DesiredWithinRange';
const lately = [1, 5, 9];
const tens = [10, 10, 10];

describe('scaling with rules', () => {
  it.each<Row>([
    { from: 5, wanted: 7, min: 3, max: 8, expected: [7, within] },
    { from: 3, wanted: 1, min: 2, max: 8, expected: [2, 'TooFewReplicas'] },
    { from: 1, wanted: 0, min: 0, max: 10, expected: [0, within] },
    { from: 100, wanted: 1000, min: 100, max: 150, expected: [150, 'TooManyReplicas'] },
    { from: 3, wanted: 1000, max: 2000, up: [0, 0, 1, 60], expected: [4, 'ScaleUpLimit'] },
    { from: 1000, wanted: 3, min: 3, max: 2000, down: [20, 60, 0, 0], expected: [980, 'ScaleDownLimit'] },
    { from: 10, wanted: 50, expected: [20, 'ScaleUpLimit'] },
    { from: 10, wanted: 500, up: [100, 60, 100, 60], expected: [110, 'ScaleUpLimit'] },
    { from: 10, wanted: 500, up: [2, 60, 100, 60], expected: [20, 'ScaleUpLimit'] },
    { from: 10, wanted: 50, up: [100, 60, 0, 0], expected: [50, within] },
    { from: 10, wanted: 50, up: [30, 60, 0, 0], expected: [40, 'ScaleUpLimit'] },
    { from: 10, wanted: 50, up: [0, 0, 200, 60], expected: [30, 'ScaleUpLimit'] },
    { from: 100, wanted: 2, down: [20, 60, 1, 60], expected: [80, 'ScaleDownLimit'] },
    { from: 100, wanted: 2, down: [2, 60, 1, 60], expected: [98, 'ScaleDownLimit'] },
    { from: 10, wanted: 0, down: [100, 60, 0, 0], expected: [1, 'TooFewReplicas'] },
    { from: 10, wanted: 2, min: 5, down: [0, 0, 100, 60], expected: [5, 'TooFewReplicas'] },
    { from: 10, wanted: 2, down: [5, 60, 0, 0], expected: [5, 'ScaleDownLimit'] },
    { from: 10, wanted: 5, down: [0, 0, 50, 60], expected: [5, within] },
    {
      from: 100,
      wanted: 500,
      max: 200,
      ups: lately,
      up: [300, 60, 0, 0],
      expected: [200, 'TooManyReplicas'],
    },
    {
      from: 100,
      wanted: 500,
      max: 200,
      ups: lately,
      up: [0, 0, 10_000, 60],
      expected: [200, 'TooManyReplicas'],
    },
    { from: 100, wanted: 500, ups: lately, up: [5, 120, 0, 0], expected: [100, 'ScaleUpLimit'] },
    { from: 100, wanted: 500, ups: lately, up: [150, 120, 0, 0], expected: [235, 'ScaleUpLimit'] },
    { from: 100, wanted: 500, ups: lately, up: [0, 0, 200, 120], expected: [255, 'ScaleUpLimit'] },
    { from: 6, wanted: 24, ups: [4], downs: [2], up: [0, 0, 300, 300], expected: [16, 'ScaleUpLimit'] },
    { from: 10, wanted: 5, downs: lately, expected: [5, within] },
    { from: 100, wanted: 0, downs: lately, down: [115, 120, 0, 0], expected: [1, 'TooFewReplicas'] },
    { from: 100, wanted: 0, min: 5, downs: lately, down: [130, 120, 0, 0], expected: [5, 'TooFewReplicas'] },
    { from: 100, wanted: 2, min: 5, downs: lately, down: [0, 0, 100, 120], expected: [5, 'TooFewReplicas'] },
    { from: 100, wanted: 2, downs: lately, down: [5, 120, 0, 0], expected: [100, 'ScaleDownLimit'] },
    { from: 100, wanted: 0, downs: [2, 4, 6], down: [0, 0, 50, 120], expected: [56, 'ScaleDownLimit'] },
    { from: 10, wanted: 1, ups: [2], downs: [4], down: [0, 0, 50, 180], expected: [6, 'ScaleDownLimit'] },
    { from: 100, wanted: 0, downs: tens, down: [0, 0, 10, 120], expected: [100, 'ScaleDownLimit'] },
    { from: 10, wanted: 5, downs: tens, down: [0, 0, 1000, 120], expected: [5, within] },
    { from: 100, wanted: 200, ups: [8, 12, 9, 11], up: [1000, 60, 0, 0], expected: [200, within] },
    { from: 100, wanted: 200, ups: [8, 12, 9, 11], up: [1000, 120, 100, 60], expected: [200, within] },
  ])('%j', (row) => {
    const { from, wanted, min = 1, max = 1000, up = defaultUp, down = defaultDown, ups, downs } = row;
    const history: ScaleHistory = {
      recommendations: [],
      ups: changes(...(ups ?? [])),
      downs: changes(...(downs ?? [])),
    };
    const { replicas, scalingLimited } = normalizeWithBehavior(
      {
        ...{ history, nowMs, currentReplicas: from, desiredReplicas: wanted },
        ...{ minReplicas: min, maxReplicas: max, downscaleStabilizationMs: 0 },
      },
      { up: rulesOf(up), down: rulesOf(down) },
    );
    expect([replicas, scalingLimited.reason]).toEqual(row.expected);
  });

  it.each([
    [5, 7, 3, 8, 7, within],
    [3, 1, 2, 8, 2, 'TooFewReplicas'],
    [1, 0, 0, 10, 0, within],
    [20, 1000, 1, 10, 10, 'TooManyReplicas'],
    [3, 1000, 1, 2000, 6, 'ScaleUpLimit'],
    [1, 1000, 1, 2000, 4, 'ScaleUpLimit'],
  ])('without a behaviour: %d → %d, from %d to %d', (from, wanted, min, max, expected, reason) => {
    const { replicas, scalingLimited } = normalize({
      ...{ nowMs, currentReplicas: from, desiredReplicas: wanted, minReplicas: min, maxReplicas: max },
      ...{ history: { recommendations: [], ups: [], downs: [] }, downscaleStabilizationMs: 300_000 },
    });
    expect([replicas, scalingLimited.reason]).toEqual([expected, reason]);
  });

  it.each([
    [[], 3, 3],
    [
      [
        [4, 2],
        [5, 1],
      ],
      3,
      5,
    ],
    [
      [
        [1, 2],
        [2, 1],
      ],
      3,
      3,
    ],
    [
      [
        [10, 10],
        [9, 9],
      ],
      3,
      3,
    ],
    [
      [
        [10, 10],
        [4, 1],
        [5, 2],
        [9, 9],
      ],
      3,
      5,
    ],
  ] as [[number, number][], number, number][])(
    'stabilized by %j (count, minutes ago): %d → %d',
    (past, wanted, expected) => {
      const { replicas } = normalize({
        ...{ nowMs, currentReplicas: 10, desiredReplicas: wanted, minReplicas: 1, maxReplicas: 100 },
        history: {
          recommendations: past.map(([count, minutes]) => ({
            replicas: count,
            atMs: nowMs - minutes * 60_000,
          })),
          ups: [],
          downs: [],
        },
        downscaleStabilizationMs: 300_000,
      });
      expect(replicas).toBe(expected);
    },
  );
});
