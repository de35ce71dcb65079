import { describe, expect, it } from 'vitest';
import type { HPAScalingRules, MetricSpec } from '@drydock/api/autoscaling/v2';
import {
  externalMetric,
  look,
  nowMs,
  objectMetric,
  podsMetric,
  type Situation,
} from './reconcile.spec-support.ts';

// The facts of kube-controller-manager's own tables about whole looks at an autoscaler.

const ok = (
  able = 'True SucceededRescale',
  limited = 'False DesiredWithinRange',
  active = 'True ValidMetricFound',
) => [`AbleToScale ${able}`, `ScalingActive ${active}`, `ScalingLimited ${limited}`];
const kept = (limited?: string) => ok('True ReadyForNewScale', limited);
const most = 'True TooManyReplicas';
const least = 'True TooFewReplicas';
const found = 'AbleToScale True SucceededGetScale';
const inactive = (reason: string) => [found, `ScalingActive False ${reason}`];
const disabled = inactive('ScalingDisabled');

const up = { replicas: 3, cpu: 30, levels: [300, 500, 700] } satisfies Situation;
const down = { replicas: 5, cpu: 50, levels: [100, 300, 500, 250, 250] } satisfies Situation;
const uneven = { min: 1, max: 5, replicas: 3, requests: ['0.9', '1.0', '1.1'] } satisfies Situation;
const cheese = { type: 'CheddarCheese' } as MetricSpec;
const container = (name: string, averageUtilization: number): MetricSpec => ({
  type: 'ContainerResource',
  containerResource: { name: 'cpu', container: name, target: { type: 'Utilization', averageUtilization } },
});
const eightfold: HPAScalingRules = {
  selectPolicy: 'Max',
  stabilizationWindowSeconds: 0,
  policies: [{ type: 'Percent', value: 700, periodSeconds: 60 }],
};
const steep = {
  min: 1,
  replicas: 3,
  cpu: 10,
  levels: [100, 200, 300],
  requests: ['0.1', '0.1', '0.1'],
  behavior: { scaleUp: eightfold },
} satisfies Situation;
const zero = { min: 0, replicas: 0, levels: [20_000] } satisfies Situation;
const wentToZero = (status: string) => ({
  type: 'ScaledToZero',
  status,
  lastTransitionTime: new Date(nowMs - 60_000).toISOString(),
});
const gated = { scaleToZero: true, conditions: [wentToZero('True')] };
const hot3 = ['cool', 'hot unready', 'hot unready'] as const;

describe('one look at an autoscaler', () => {
  it.each<[what: string, Situation, desired: number, conditions: string[]]>([
    ['up', up, 5, ok()],
    ['up, by a container', { ...up, cpu: undefined, metrics: [container('main', 30)] } as Situation, 5, ok()],
    ['up, less for an unready one', { ...up, pods: ['unready'] }, 4, ok()],
    ['up, less for a hot one', { ...up, pods: ['hot', 'cool', 'cool'] }, 4, ok()],
    [
      'not up, for unready ones',
      { ...up, levels: [400, 500, 700], pods: ['up', 'unready', 'unready'] },
      3,
      kept(),
    ],
    ['not up, for hot ones', { ...up, levels: [400, 500, 700], pods: hot3 }, 3, kept()],
    [
      'up, failed ones aside',
      {
        ...up,
        replicas: 2,
        levels: [500, 700],
        pods: ['up', 'up', 'failed', 'failed'],
        requests: ['1', '1', '1', '1'],
      },
      4,
      ok(),
    ],
    [
      'up, going ones aside',
      {
        ...up,
        replicas: 2,
        levels: [500, 700],
        pods: ['up', 'up', 'going', 'going'],
        requests: ['1', '1', '1', '1'],
      },
      4,
      ok(),
    ],
    [
      'up, by a metric of the Pods',
      { replicas: 3, metrics: [podsMetric('15')], levels: [20_000, 10_000, 30_000] },
      4,
      ok(),
    ],
    [
      '… of unready and hot ones, too',
      {
        replicas: 3,
        metrics: [podsMetric('15')],
        levels: [50_000, 15_000, 30_000],
        pods: ['hot unready', 'cool', 'hot unready'],
      },
      6,
      ok(undefined, most),
    ],
    [
      'up, by an object',
      { replicas: 3, metrics: [objectMetric({ value: '15' })], levels: [20_000] },
      4,
      ok(),
    ],
    [
      'up, by an object, shared',
      { replicas: 3, metrics: [objectMetric({ averageValue: '10' })], levels: [40_000] },
      4,
      ok(),
    ],
    [
      'up, from outside',
      { replicas: 3, metrics: [externalMetric({ value: '6666m' })], levels: [8600] },
      4,
      ok(),
    ],
    [
      'up, from outside, shared',
      { replicas: 3, metrics: [externalMetric({ averageValue: '2222m' })], levels: [8600] },
      4,
      ok(),
    ],
    ['down', down, 3, ok()],
    ['down, at the first look', { ...down, recommended: 'first look' }, 5, ok('True ScaleDownStabilized')],
    ['down, with rules for up', { ...down, behavior: { scaleUp: eightfold } }, 3, ok()],
    [
      'down, by a metric of the Pods',
      { replicas: 5, metrics: [podsMetric('20')], levels: [12_000, 12_000, 12_000, 12_000, 12_000] },
      3,
      ok(),
    ],
    [
      'down, by an object',
      { replicas: 5, metrics: [objectMetric({ value: '20' })], levels: [12_000] },
      3,
      ok(),
    ],
    [
      'down, by an object, shared',
      { replicas: 5, metrics: [objectMetric({ averageValue: '20' })], levels: [60_000] },
      3,
      ok(),
    ],
    [
      'down, from outside',
      { replicas: 5, metrics: [externalMetric({ value: '14400m' })], levels: [8600] },
      3,
      ok(),
    ],
    [
      'down, from outside, shared',
      { replicas: 5, metrics: [externalMetric({ averageValue: '3' })], levels: [8600] },
      3,
      ok(),
    ],
    ['down, with unready ones', { ...down, pods: ['up', 'up', 'up', 'unready', 'unready'] }, 2, ok()],
    ['down, hot ones aside', { ...down, pods: ['cool', 'cool', 'cool', 'hot', 'hot'] }, 2, ok()],
    ['tolerated', { ...uneven, cpu: 100, levels: [1010, 1030, 1020] }, 3, kept()],
    [
      'tolerated, by the Pods',
      { ...uneven, metrics: [podsMetric('20')], levels: [20_000, 20_001, 21_000] },
      3,
      kept(),
    ],
    [
      'tolerated, by an object',
      { ...uneven, metrics: [objectMetric({ value: '20' })], levels: [20_050] },
      3,
      kept(),
    ],
    [
      'tolerated, from outside',
      { replicas: 4, metrics: [externalMetric({ value: '8666m' })], levels: [8600] },
      4,
      kept(),
    ],
    [
      'tolerated, from outside, shared',
      { replicas: 4, metrics: [externalMetric({ averageValue: '2200m' })], levels: [8600] },
      4,
      kept(),
    ],
    [
      'a tolerance of its own: 1 % up',
      {
        ...uneven,
        cpu: 100,
        levels: [1010, 1030, 1020],
        behavior: { scaleUp: { ...eightfold, tolerance: '0.01' } },
      },
      4,
      ok(),
    ],
    [
      'a tolerance of its own: 90 % down',
      { ...uneven, cpu: 90, levels: [300, 300, 300], behavior: { scaleDown: { tolerance: '0.9' } } },
      3,
      kept(),
    ],
    ['at least min', { ...uneven, min: 2, cpu: 90, levels: [10, 95, 10] }, 2, ok(undefined, least)],
    ['at least min, of nothing', { ...uneven, min: 2, cpu: 90, levels: [0, 0, 0] }, 2, ok(undefined, least)],
    ['down to nothing', { ...uneven, min: 0, cpu: 90, levels: [0, 0, 0] }, 0, ok()],
    ['at most max', { ...uneven, cpu: 90, levels: [8000, 9500, 1000] }, 5, ok(undefined, most)],
    ['nothing at zero', { min: 3, max: 5, replicas: 0, cpu: 90 }, 0, disabled],
    [
      'too few',
      { min: 3, max: 5, replicas: 2, cpu: 90, broken: ['metrics'] },
      3,
      ['AbleToScale True SucceededRescale'],
    ],
    [
      'too many',
      { min: 3, max: 5, replicas: 10, cpu: 90, broken: ['metrics'] },
      5,
      ['AbleToScale True SucceededRescale'],
    ],
    [
      'samples of more Pods than there are',
      { replicas: 4, cpu: 100, levels: [4000, 9500, 3000, 7000, 3200, 2000] },
      6,
      ok(undefined, most),
    ],
    ['samples of fewer', { replicas: 4, cpu: 100, levels: [400, 95] }, 3, ok()],
    ['no samples', { replicas: 4, cpu: 100 }, 4, inactive('FailedGetResourceMetric')],
    [
      'no requests',
      { min: 1, max: 5, replicas: 1, cpu: 100, levels: [200], requests: [] },
      1,
      inactive('FailedGetResourceMetric'),
    ],
    [
      'fewer Pods than replicas',
      { min: 1, max: 5, replicas: 4, cpu: 50, levels: [200], requests: ['0.2'] },
      2,
      ok(),
    ],
    [
      'more Pods than replicas',
      {
        min: 1,
        max: 8,
        replicas: 4,
        statusReplicas: 5,
        cpu: 50,
        levels: [500, 500, 500, 500, 500],
      },
      4,
      kept(),
    ],
    ['as fast as the rules allow', { ...steep, max: 100 }, 24, ok(undefined, 'True ScaleUpLimit')],
    ['… and no more than max', { ...steep, max: 20 }, 20, ok(undefined, most)],
    ['no selector', { ...up, selector: '' }, 3, inactive('InvalidSelector')],
    ['no selector that could be read', { ...up, selector: 'cheddar cheese' }, 3, inactive('InvalidSelector')],
    ['no scale', { ...up, broken: ['get scale'] }, 3, ['AbleToScale False FailedGetScale']],
    [
      'a scale that cannot be written',
      {
        min: 1,
        max: 5,
        replicas: 3,
        cpu: 100,
        levels: [150, 150, 150],
        requests: ['0.1', '0.1', '0.1'],
        broken: ['update scale'],
      },
      3,
      ok('False FailedUpdateScale'),
    ],
    [
      'held by what was asked for a minute ago',
      {
        min: 1,
        max: 5,
        replicas: 4,
        statusReplicas: 3,
        cpu: 100,
        levels: [50, 50, 50],
        requests: ['0.1', '0.1', '0.1'],
        recommended: [
          [10, 10],
          [4, 1],
        ],
      },
      4,
      ok('True ScaleDownStabilized'),
    ],
    ['up, though one metric is none', { ...up, levels: [300, 400, 500], metrics: [cheese] }, 4, ok()],
    [
      'up, though one metric fails',
      { ...up, levels: [300, 400, 500], metrics: [externalMetric({ value: '100m' })], broken: ['external'] },
      4,
      ok(),
    ],
    [
      'not down, as one metric is none',
      { ...down, metrics: [cheese] },
      5,
      inactive('InvalidMetricSourceType'),
    ],
    [
      'not down, as one metric fails',
      { ...down, metrics: [externalMetric({ value: '1' })], broken: ['external'] },
      5,
      inactive('FailedGetExternalMetric'),
    ],
    [
      'no metric but one that is none',
      { replicas: 3, metrics: [cheese] },
      3,
      inactive('InvalidMetricSourceType'),
    ],
    ...(
      [
        ['FailedGetResourceMetric', { cpu: 10 }],
        ['FailedGetContainerResourceMetric', { metrics: [container('main', 10)] }],
        ['FailedGetPodsMetric', { metrics: [podsMetric('15')] }],
        ['FailedGetObjectMetric', { metrics: [objectMetric({ value: '15' })] }],
        ['FailedGetExternalMetric', { metrics: [externalMetric({ value: '300m' })] }],
      ] as const
    ).map(([reason, more]): [string, Situation, number, string[]] => [
      reason,
      { min: 1, max: 100, replicas: 3, ...more, broken: ['metrics'] },
      3,
      inactive(reason),
    ]),
  ])('%s', async (_, situation, desired, conditions) => {
    const { status, written, conditions: told } = await look(situation);
    expect(written).toEqual(desired === situation.replicas ? [] : [desired]);
    expect(status.desiredReplicas).toBe(desired);
    expect(told).toEqual(conditions);
    expect(status.lastScaleTime !== undefined).toBe(desired !== situation.replicas);
  });
});

describe('what the flags say', () => {
  const readiness = (cpuInitializationMs: number, initialReadinessDelayMs: number) => ({
    readiness: { cpuInitializationMs, initialReadinessDelayMs },
  });
  const near = { ...up, cpu: 45 };
  const fresh: Situation = { ...up, pods: ['hot', 'cool', 'cool'] };
  const late: Situation = { ...up, pods: ['unready', 'up', 'up'] };
  const held: Situation = { ...down, recommended: [[4, 2]] };
  it.each<[flag: string, Situation, Situation['rules'], number, number]>([
    // … and the count without and with it
    ['tolerance', near, { tolerance: 0.2 }, 4, 3],
    ['downscale-stabilization', held, { downscaleStabilizationMs: 60_000 }, 4, 3],
    ['cpu-initialization-period', fresh, readiness(0, 10_000), 4, 5],
    ['initial-readiness-delay', late, readiness(120_000, 0), 4, 5],
  ])('%s', async (_, situation, rules, without, with_) => {
    expect((await look(situation)).status.desiredReplicas).toBe(without);
    expect((await look({ ...situation, rules: rules ?? {} })).status.desiredReplicas).toBe(with_);
  });
});

describe('to zero and back', () => {
  const object = { metrics: [objectMetric({ value: '15' })] };
  const stale = { ...up, conditions: [wentToZero('True')] };
  const not = 'ScaledToZero False NotScaledToZero';
  const yes = 'ScaledToZero True ScaledToZero';
  const idle = { min: 0, replicas: 5, levels: [0] };
  it.each<[what: string, Situation, desired: number, conditions: string[]]>([
    ['up from zero', { ...zero, ...object, ...gated }, 2, [not, ...ok()]],
    ['… not without the gate', { ...zero, ...object, ...gated, scaleToZero: false }, 0, disabled],
    ['… nor where somebody else went there', { ...zero, ...object, scaleToZero: true }, 0, disabled],
    [
      '… nor once it had been back',
      { ...zero, ...object, scaleToZero: true, conditions: [wentToZero('False')] },
      0,
      ['ScaledToZero False ', ...disabled],
    ],
    ['… nor by what only Pods tell', { ...zero, cpu: 50, ...gated }, 0, ['ScaledToZero True ', ...disabled]],
    [
      'tolerance does not hold it at zero',
      { ...zero, ...gated, levels: [1000], metrics: [objectMetric({ value: '1' })] },
      1,
      [not, ...ok()],
    ],
    [
      'to what became the least meanwhile',
      { ...zero, ...gated, min: 3, ...object },
      3,
      [not, ...ok(undefined, least)],
    ],
    ['to zero, by an object', { ...idle, ...object, scaleToZero: true }, 0, [...ok(), yes]],
    [
      'to zero, from outside',
      { ...idle, metrics: [externalMetric({ value: '14400m' })], scaleToZero: true },
      0,
      [...ok(), yes],
    ],
    ['to zero, without the gate', { ...idle, ...object }, 0, ok()],
    ['elsewhere, by the gate', { ...stale, scaleToZero: true }, 5, [not, ...ok()]],
    ['elsewhere, without it', stale, 5, ok()],
  ])('%s', async (_, situation, desired, conditions) => {
    const { status, conditions: told } = await look(situation);
    expect(status.desiredReplicas).toBe(desired);
    expect(told).toEqual(conditions);
  });
});

describe('what is said of a look', () => {
  it('tells of a rescale, and of nothing else', async () => {
    const { events } = await look({ min: 1, max: 5, replicas: 1, cpu: 50, levels: [200], requests: ['0.2'] });
    expect(events).toEqual([
      'Normal SuccessfulRescale: New size: 2; reason: cpu resource utilization (percentage of request) above target',
    ]);
    const quiet = { min: 1, max: 5, replicas: 2, cpu: 50, levels: [200, 200], requests: ['0.4', '0.4'] };
    expect((await look(quiet)).events).toEqual([]);
    expect((await look({ ...down, broken: ['update scale'] })).events).toEqual([
      'Warning FailedRescale: New size: 3; reason: All metrics below target; error: something went wrong',
    ]);
  });

  it('calls each kind of metric by its name', async () => {
    const reasonOf = async (situation: Situation) => (await look(situation)).decision.reason;
    const of = (...metrics: MetricSpec[]) => ({ replicas: 3, metrics, levels: [50_000, 50_000, 50_000] });
    expect(await reasonOf(of(container('main', 50)))).toBe(
      'cpu container resource utilization (percentage of request) above target',
    );
    expect(await reasonOf(of(podsMetric('1')))).toBe('pods metric qps above target');
    expect(await reasonOf(of(objectMetric({ value: '1' })))).toBe('Deployment metric qps above target');
    expect(await reasonOf(of(objectMetric({ averageValue: '1' })))).toBe(
      'external metric qps(nil) above target',
    );
    expect(await reasonOf(of(externalMetric({ value: '1' }, { matchLabels: { app: 'web' } })))).toBe(
      'external metric qps(&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) above target',
    );
  });

  it.each<[Situation, string, string[]]>([
    [
      { replicas: 3, metrics: [container('side', 50)], levels: [1, 1, 1] },
      'failed to get side container metric value: failed to get cpu utilization: container side not found in Pod p-0',
      ['ContainerResource none internal'],
    ],
    [
      { ...down, metrics: [cheese, podsMetric('1')] },
      'unknown metric source type "CheddarCheese"',
      ['Resource scale_down none', 'CheddarCheese none spec', 'Pods scale_down none'],
    ],
  ])('says what is wrong with the first metric that failed: %#', async (situation, message, counted) => {
    const { events, computed, fault } = await look(situation);
    const { length } = computed;
    expect(events.at(-1)).toBe(
      `Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of ${length}), first error is: ${message}`,
    );
    expect(computed).toEqual(counted);
    expect(fault).toBe('internal');
  });

  it.each<[MetricSpec, string]>([
    [podsMetric('1'), ''],
    [objectMetric({ value: '1' }), ''],
    [externalMetric({ value: '1' }), 'failed to get external metric qps: '],
    [externalMetric({ averageValue: '1' }), 'failed to get qps external metric: '],
  ])('finds out that a selector is none: %j', async (metric, prefix) => {
    const selector = { matchExpressions: [{ key: 'a', operator: 'Near', values: ['b'] }] };
    const { pods, object, external } = metric;
    const bad = {
      type: metric.type,
      ...(pods && { pods: { ...pods, metric: { name: 'qps', selector } } }),
      ...(object && { object: { ...object, metric: { name: 'qps', selector } } }),
      ...(external && { external: { ...external, metric: { name: 'qps', selector } } }),
    };
    const { conditions, events } = await look({ replicas: 1, min: 1, metrics: [bad], levels: [1] });
    const reason = `FailedGet${metric.type}Metric`;
    expect(conditions).toEqual(inactive(reason));
    expect(events[0]).toBe(`Warning ${reason}: ${prefix}"Near" is not a valid label selector operator`);
  });

  it('goes on from what works, and counts as failed all the same', async () => {
    const { status, fault, decision } = await look({ ...up, metrics: [cheese] });
    expect(status.currentMetrics).toEqual([
      {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '500m' } },
      },
      { type: '' },
    ]);
    expect(fault).toBe('internal');
    expect(decision).toMatchObject({ rescaled: true, desiredReplicas: 5 });
  });
});
