import { describe, expect, it } from 'vitest';
import { normalize, normalizeWithBehavior, policyLimit, type ScaleHistory } from './index.ts';

const nowMs = 1_000_000_000;
const at = (secondsAgo: number) => nowMs - secondsAgo * 1000;
const history = (...recommendations: [number, number][]): ScaleHistory => ({
  recommendations: recommendations.map(([replicas, ago]) => ({ replicas, atMs: at(ago) })),
  ups: [],
  downs: [],
});
const base = { minReplicas: 1, maxReplicas: 100, downscaleStabilizationMs: 300_000, nowMs };

describe('without a behaviour', () => {
  it.each([
    // current, desired, history, replicas, able, limited
    [10, 5, history(), 5, 'ReadyForNewScale', 'False DesiredWithinRange'],
    [10, 5, history([8, 200]), 8, 'ScaleDownStabilized', 'False DesiredWithinRange'],
    [10, 5, history([8, 301]), 5, 'ReadyForNewScale', 'False DesiredWithinRange'],
    [10, 50, history(), 20, 'ReadyForNewScale', 'True ScaleUpLimit'],
    [1, 50, history(), 4, 'ReadyForNewScale', 'True ScaleUpLimit'],
    [90, 150, history(), 100, 'ReadyForNewScale', 'True TooManyReplicas'],
    [10, 0, history(), 1, 'ReadyForNewScale', 'True TooFewReplicas'],
  ])('%d → %d', (currentReplicas, desiredReplicas, past, replicas, able, limited) => {
    const found = normalize({ ...base, currentReplicas, desiredReplicas, history: past });
    expect(found.replicas).toBe(replicas);
    expect(found.ableToScale.reason).toBe(able);
    expect(`${found.scalingLimited.status} ${found.scalingLimited.reason}`).toBe(limited);
  });
});

describe('with a behaviour', () => {
  const up = (type: string, value: number, periodSeconds = 60) => ({ type, value, periodSeconds });
  it.each([
    ['both ways held', 10, 20, history([5, 20], [30, 20]), 60, 60, 10, 'ScaleUpStabilized'],
    ['up held', 10, 20, history([12, 30]), 60, 0, 12, 'ScaleUpStabilized'],
    ['down held', 10, 2, history([7, 30]), 0, 60, 7, 'ScaleDownStabilized'],
    ['windows over', 10, 2, history([7, 60]), 0, 60, 2, 'ReadyForNewScale'],
  ])('%s', (_, currentReplicas, desiredReplicas, past, upWindow, downWindow, replicas, able) => {
    const free = { selectPolicy: 'Max', policies: [up('Percent', 1000)] };
    const found = normalizeWithBehavior(
      { ...base, currentReplicas, desiredReplicas, history: past },
      {
        up: { ...free, stabilizationWindowSeconds: upWindow },
        down: {
          selectPolicy: 'Max',
          policies: [up('Percent', 100)],
          stabilizationWindowSeconds: downWindow,
        },
      },
    );
    expect([found.replicas, found.ableToScale.reason]).toEqual([replicas, able]);
  });

  it.each<['up' | 'down', number, string | undefined, [string, number][], number, number, number]>([
    // direction, current, select, policies, added, removed, limit
    [
      'up',
      10,
      'Max',
      [
        ['Pods', 4],
        ['Percent', 100],
      ],
      0,
      0,
      20,
    ],
    [
      'up',
      10,
      'Min',
      [
        ['Pods', 4],
        ['Percent', 100],
      ],
      0,
      0,
      14,
    ],
    [
      'up',
      10,
      undefined,
      [
        ['Pods', 4],
        ['Percent', 10],
      ],
      0,
      0,
      14,
    ],
    ['up', 10, 'Disabled', [['Pods', 4]], 0, 0, 10],
    ['up', 10, 'Max', [['Pods', 4]], 3, 0, 11],
    ['up', 10, 'Max', [['Pods', 4]], 0, 3, 17],
    ['up', 1, 'Max', [['Percent', 10]], 0, 0, 2],
    [
      'down',
      10,
      'Max',
      [
        ['Pods', 4],
        ['Percent', 50],
      ],
      0,
      0,
      5,
    ],
    [
      'down',
      10,
      'Min',
      [
        ['Pods', 4],
        ['Percent', 50],
      ],
      0,
      0,
      6,
    ],
    ['down', 10, 'Disabled', [['Pods', 4]], 0, 0, 10],
    ['down', 10, 'Max', [['Percent', 25]], 0, 2, 9],
    ['down', 1, 'Max', [['Percent', 10]], 0, 0, 0],
  ])(
    '%s from %d, %s %j, +%d −%d: %d',
    (direction, current, selectPolicy, policies, added, removed, limit) => {
      const events = (change: number) => [
        { change, atMs: at(30) },
        { change: 99, atMs: at(60) },
      ];
      const found = policyLimit(
        direction,
        current,
        events(added),
        events(removed),
        {
          ...(selectPolicy === undefined ? {} : { selectPolicy }),
          policies: policies.map(([type, value]) => up(type, value)),
        },
        nowMs,
      );
      expect(found).toBe(limit);
    },
  );

  it('takes what was changed lately into account, and never goes against the direction', () => {
    const past = { ...history(), ups: [{ change: 30, atMs: at(10) }] };
    const rules = { up: { policies: [up('Pods', 5)] }, down: { policies: [up('Percent', 100)] } };
    const found = normalizeWithBehavior(
      { ...base, currentReplicas: 40, desiredReplicas: 60, history: past },
      rules,
    );
    expect([found.replicas, found.scalingLimited.reason]).toEqual([40, 'ScaleUpLimit']);
  });
});
