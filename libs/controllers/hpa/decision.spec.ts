import { describe, expect, it } from 'vitest';
import type { HPAScalingRules, MetricSpec } from '@drydock/api/autoscaling/v2';
import { decisionRecord, explainDecision } from './index.ts';
import { externalMetric, look, objectMetric, type Situation } from './reconcile.spec-support.ts';

/** The explanation without its first line, which has the time. */
async function explained(situation: Situation): Promise<string[]> {
  const { decision } = await look(situation);
  const [first = '', ...lines] = explainDecision(decision).split('\n');
  expect(first).toBe('HorizontalPodAutoscaler default/hpa, 2026-01-01T12:00:00.000Z');
  return lines.map((line) => line.trimEnd());
}
const down = { replicas: 5, cpu: 50, levels: [100, 300, 500, 250, 250] };
const slowly: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  policies: [
    { type: 'Pods', value: 1, periodSeconds: 60 },
    { type: 'Percent', value: 10, periodSeconds: 60 },
  ],
};

describe('an explanation', () => {
  it('tells how a count came about', async () => {
    expect(await explained({ replicas: 3, cpu: 30, levels: [300, 500, 700], pods: ['unready'] })).toEqual([
      '  Target:   Deployment/default/web, 3 replicas (min 2, max 6)',
      '  Metric:   cpu resource utilization (percentage of request)',
      '    - Pods: 2 counted, 1 not ready (p-0)',
      '    - use: 60 % of what the Pods ask for (600m a Pod); target 30 %',
      '    - use ÷ target = 2.000',
      '    - scaling up: 1 Pods that are not ready count as using nothing',
      '    - use ÷ target, with them = 1.333',
      '    - 1.333 × 3 Pods, rounded up = 4',
      '    = asks for 4',
      '  Outcome:  3 → 4 (cpu resource utilization (percentage of request) above target)',
    ]);
  });

  it.each<[what: string, Situation, rules: string[]]>([
    ['max', { replicas: 3, cpu: 10, levels: [800, 800, 800] }, ['no more than max 6: 24 → 6']],
    ['min', { replicas: 3, cpu: 90, levels: [0, 0, 0] }, ['no fewer than min 2: 0 → 2']],
    [
      'the rate without rules',
      { replicas: 3, cpu: 10, levels: [800, 800, 800], max: 99 },
      ['no more than 6 at once, the double of what is there or 4: 24 → 6'],
    ],
    [
      'an earlier recommendation',
      { ...down, recommended: [[4, 2]] },
      ['stabilization: 4 was asked for 120 s ago, and stands for 300 s: 3 → 4'],
    ],
    [
      'the first look',
      { ...down, recommended: 'first look' },
      ['stabilization: 5 was asked for 0 s ago, and stands for 300 s: 3 → 5'],
    ],
    [
      'the rate by rules',
      { ...down, behavior: { scaleDown: slowly } },
      ['no more than 1 Pods down in 60 s: 3 → 4'],
    ],
    [
      'no rate at all',
      { ...down, behavior: { scaleDown: { ...slowly, selectPolicy: 'Disabled' } } },
      ['no policy lets it scale down: 3 → 5'],
    ],
    [
      'a metric that fails, down',
      { ...down, metrics: [externalMetric({ value: '1' })], broken: ['external'] },
      ['while a metric gives no answer, nothing is scaled down: 3 → 5'],
    ],
    [
      'a metric that fails, up',
      { ...down, cpu: 20, metrics: [externalMetric({ value: '1' })], broken: ['external'], max: 9 },
      ['a metric that gives no answer is left out while the others do not ask for fewer'],
    ],
  ])('says what bounds it: %s', async (_, situation, rules) => {
    const lines = await explained(situation);
    const from = lines.indexOf('  Rules:');
    expect(lines.slice(from + 1, from + 1 + rules.length)).toEqual(rules.map((rule) => `    - ${rule}`));
  });

  it('says which metric failed of what, once', async () => {
    const broken: MetricSpec[] = [externalMetric({ value: '1' }), objectMetric({ value: '1' })];
    const failure =
      'unable to get external metric default/qps/&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}';
    expect(await explained({ replicas: 3, metrics: broken, broken: ['metrics'] })).toEqual([
      '  Target:   Deployment/default/web, 3 replicas (min 2, max 6)',
      '  Metric:   external metric qps',
      `    - failed: failed to get external metric qps: ${failure}: something went wrong`,
      '  Metric:   Deployment metric qps of some',
      '    - failed: unable to get metric qps: something went wrong on Deployment default/some',
      '  Outcome:  stays at 3',
    ]);
  });

  it('says so where the target cannot be read or written', async () => {
    expect(await explained({ ...down, broken: ['get scale'] })).toEqual([
      '  Target:   Deployment/default/web (min 2, max 6)',
      '  Error:    failed to query scale subresource: something went wrong',
      '  Outcome:  nothing can be done',
    ]);
    const lines = await explained({ ...down, broken: ['update scale'] });
    expect(lines.slice(-2)).toEqual([
      '  Error:    failed to rescale Deployment/default/web: something went wrong',
      '  Outcome:  stays at 5',
    ]);
  });

  it('writes amounts as people do', async () => {
    const memory = (averageValue: string): MetricSpec => ({
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue } },
    });
    const mi = 2 ** 20 * 1000;
    const lines = await explained({ replicas: 2, metrics: [memory('64Mi')], levels: [96 * mi, 97 * mi] });
    expect(lines).toContain('    - average use of a Pod: 96.5Mi; target 64Mi');
    const value = await explained({
      replicas: 2,
      metrics: [externalMetric({ averageValue: '8' })],
      levels: [40_000],
    });
    expect(value).toContain('    - value 40, for 2 Pods; target 8 a Pod');
  });

  it('leaves the process with everything that it has', async () => {
    const { decision } = await look({
      ...down,
      metrics: [externalMetric({ value: '1' })],
      broken: ['external'],
    });
    const record = decisionRecord(decision);
    expect(record).toMatchObject({
      currentReplicas: 5,
      desiredReplicas: 5,
      rescaled: false,
      metrics: [{ replicas: 3, error: '' }, { name: 'external metric qps' }],
      text: explainDecision(decision),
    });
    expect(record.error).toContain('invalid metrics (1 invalid out of 2)');
  });
});
