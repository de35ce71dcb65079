import { SelectorSyntaxError, type LabelMatcher } from '@drydock/base/apimachinery';
import type {
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  MetricStatus,
} from '@drydock/api/autoscaling/v2';
import type { Pod } from '@drydock/api/core/v1';
import { withCondition, type ConditionType } from './conditions.ts';
import type { Decision, MetricDecision } from './decision.ts';
import type { autoscalerEvents } from './events.ts';
import { begun, rescaled, type ScaleHistory } from './history.ts';
import { MetricError, evaluateMetric, metricLabel, type MetricOutcome } from './metric-evaluation.ts';
import { actionOf, type Action, type Fault } from './metrics.ts';
import type { MetricsClient } from './metrics-client.ts';
import { normalize, normalizeWithBehavior, type Normalized } from './normalize.ts';
import type { ReadinessRules } from './pod-groups.ts';
import { ScaleTargetError, type Scale, type ScaleTarget } from './scale-target.ts';
import { selectorOf } from './selectors.ts';
import { tolerancesOf } from './tolerances.ts';

/** What one autoscaler is decided with. */
export interface AutoscalerRules {
  readonly readiness: ReadinessRules;
  readonly tolerance: number;
  readonly downscaleStabilizationMs: number;
  /** May a target go to zero and come back from there (the feature gate HPAScaleToZero)? */
  readonly scaleToZero: boolean;
}

export interface AutoscalerSurroundings {
  readonly rules: AutoscalerRules;
  readonly events: ReturnType<typeof autoscalerEvents>;
  readonly metrics: MetricsClient;
  /** The time as it goes on, ms; `nowMs` of a look stands still. */
  now(): number;
  /** One metric was asked for a count. */
  computed(action: Action, fault: Fault, metricType: string, ms: number): void;
  readTarget(hpa: HorizontalPodAutoscaler): Promise<ScaleTarget>;
  selectPods(namespace: string, selector: LabelMatcher): Pod[];
  /** Notes what the autoscaler selects, and names all that select the same Pods, as `{name namespace}`. */
  selecting(hpa: HorizontalPodAutoscaler, selector: LabelMatcher, pods: readonly Pod[]): readonly string[];
}

/** What came of one look at an autoscaler. */
export interface Reconciled {
  readonly status: NonNullable<HorizontalPodAutoscaler['status']>;
  readonly history: ScaleHistory;
  readonly decision: Decision;
  readonly fault: Fault;
}

const fromZero = new Set(['Object', 'External']);

class Failure extends Error {}

/** One look at one autoscaler: reads, decides, scales. Phases in order; what goes wrong ends in conditions and events. */
export async function reconcileAutoscaler(
  hpa: HorizontalPodAutoscaler,
  before: ScaleHistory,
  nowMs: number,
  around: AutoscalerSurroundings,
): Promise<Reconciled> {
  const { events, rules } = around;
  const { namespace = '', name = '' } = hpa.metadata;
  const { scaleTargetRef, maxReplicas, behavior } = hpa.spec;
  const minReplicas = hpa.spec.minReplicas ?? 1;
  const reference = `${scaleTargetRef.kind}/${namespace}/${scaleTargetRef.name}`;
  let conditions: readonly HorizontalPodAutoscalerCondition[] = hpa.status?.conditions ?? [];
  // Without the gate nobody keeps it true.
  if (!rules.scaleToZero) conditions = conditions.filter(({ type }) => type !== 'ScaledToZero');
  let history = before;
  let error: string | undefined;
  let fault: Fault | undefined;
  const set = (type: ConditionType, status: 'True' | 'False', reason: string, message: string) => {
    conditions = withCondition(conditions, type, { status, reason, message }, nowMs);
  };
  const told = {
    namespace,
    name,
    atMs: nowMs,
    target: reference,
    found: true,
    minReplicas,
    maxReplicas,
    metrics: [] as MetricDecision[],
    rules: [] as string[],
    metricReplicas: undefined as number | undefined,
  };
  const finish = (
    status: Partial<NonNullable<HorizontalPodAutoscaler['status']>>,
    outcome: { currentReplicas: number; desiredReplicas: number; rescaled: boolean; reason?: string },
  ): Reconciled => {
    const { metricReplicas, ...rest } = told;
    const { currentMetrics: former, ...kept } = hpa.status ?? {};
    return {
      status: {
        ...kept,
        // Where the target was not even found, the metrics were not looked at.
        ...(former !== undefined && status.currentReplicas === undefined ? { currentMetrics: former } : {}),
        desiredReplicas: hpa.status?.desiredReplicas ?? 0,
        ...status,
        conditions: [...conditions],
      },
      history,
      fault: fault ?? (error === undefined ? 'none' : 'internal'),
      decision: {
        ...rest,
        ...outcome,
        ...(metricReplicas === undefined ? {} : { metricReplicas }),
        ...(error === undefined ? {} : { error }),
      },
    };
  };

  let target: ScaleTarget;
  try {
    target = await around.readTarget(hpa);
  } catch (problem) {
    if (!(problem instanceof ScaleTargetError)) throw problem;
    events.warn(hpa, 'FailedGetScale', problem.message);
    set(
      'AbleToScale',
      'False',
      'FailedGetScale',
      `the HPA controller was unable to get the target's current scale: ${problem.message}`,
    );
    error = `${problem.context}: ${problem.message}`;
    if (problem.inSpec) fault = 'spec';
    told.found = false;
    return finish({}, { currentReplicas: 0, desiredReplicas: 0, rescaled: false });
  }
  set(
    'AbleToScale',
    'True',
    'SucceededGetScale',
    "the HPA controller was able to get the target's current scale",
  );
  const { scale } = target;
  const currentReplicas = scale.spec?.replicas ?? 0;
  history = begun(history, currentReplicas, nowMs);

  let desiredReplicas = 0;
  let reason = '';
  let rescale = true;
  let currentMetrics: MetricStatus[] | undefined;
  const metricsFromZero = (hpa.spec.metrics ?? []).some(({ type }) => fromZero.has(type));
  // At zero, whoever went there brings it back: the autoscaler only what it took there itself (KEP-2021).
  const wentToZero =
    rules.scaleToZero && conditions.some(({ type, status }) => type === 'ScaledToZero' && status === 'True');
  const disabled = currentReplicas === 0 && !(wentToZero && (minReplicas !== 0 || metricsFromZero));

  if (disabled) {
    rescale = false;
    const message = 'scaling is disabled since the replica count of the target is zero';
    set('ScalingActive', 'False', 'ScalingDisabled', message);
    told.rules.push(message);
  } else if (currentReplicas > maxReplicas) {
    reason = 'Current number of replicas above Spec.MaxReplicas';
    desiredReplicas = maxReplicas;
  } else if (currentReplicas < minReplicas && currentReplicas !== 0) {
    reason = 'Current number of replicas below Spec.MinReplicas';
    desiredReplicas = minReplicas;
  } else {
    const asked = await askMetrics(scale, currentReplicas);
    currentMetrics = asked.statuses;
    if (asked.error !== undefined) error = asked.error;
    if (asked.replicas === undefined) {
      events.warn(hpa, 'FailedComputeMetricsReplicas', asked.error ?? '');
      error = `failed to compute desired number of replicas based on listed metrics for ${reference}: ${asked.error ?? ''}`;
      return finish(
        { currentReplicas, ...(currentMetrics && { currentMetrics }) },
        { currentReplicas, desiredReplicas: currentReplicas, rescaled: false },
      );
    }
    told.metricReplicas = asked.replicas;
    desiredReplicas = asked.replicas;
    if (desiredReplicas > currentReplicas) reason = `${asked.name} above target`;
    if (desiredReplicas < currentReplicas) reason = 'All metrics below target';
    const bounded = bound(desiredReplicas);
    told.rules.push(...bounded.steps);
    history = bounded.history;
    conditions = withCondition(conditions, 'AbleToScale', bounded.ableToScale, nowMs);
    conditions = withCondition(conditions, 'ScalingLimited', bounded.scalingLimited, nowMs);
    desiredReplicas = currentReplicas === 0 ? Math.max(bounded.replicas, minReplicas) : bounded.replicas;
    rescale = desiredReplicas !== currentReplicas;
  }

  if (rescale) {
    try {
      await target.write(desiredReplicas);
    } catch (problem) {
      const message = (problem as Error).message;
      events.rescaleFailed(hpa, desiredReplicas, reason, message);
      set(
        'AbleToScale',
        'False',
        'FailedUpdateScale',
        `the HPA controller was unable to update the target scale: ${message}`,
      );
      error = `failed to rescale ${reference}: ${message}`;
      return finish(
        { currentReplicas, ...(currentMetrics && { currentMetrics }) },
        { currentReplicas, desiredReplicas, rescaled: false, reason },
      );
    }
    set(
      'AbleToScale',
      'True',
      'SucceededRescale',
      `the HPA controller was able to update the target scale to ${desiredReplicas}`,
    );
    events.rescaled(hpa, desiredReplicas, reason);
    if (behavior !== undefined) {
      const { scaleUp, scaleDown } = behavior;
      history = rescaled(
        history,
        currentReplicas,
        desiredReplicas,
        { ...(scaleUp && { up: scaleUp }), ...(scaleDown && { down: scaleDown }) },
        nowMs,
      );
    }
    if (rules.scaleToZero) {
      if (currentReplicas > 0 && desiredReplicas === 0 && minReplicas === 0 && metricsFromZero) {
        set('ScaledToZero', 'True', 'ScaledToZero', 'the HPA controller scaled the workload to zero');
      } else {
        set(
          'ScaledToZero',
          'False',
          'NotScaledToZero',
          'the HPA controller did not scale the workload to zero',
        );
      }
    }
  } else desiredReplicas = currentReplicas;

  const { lastScaleTime, currentMetrics: _stale, ...kept } = hpa.status ?? {};
  return {
    ...finish(
      {},
      { currentReplicas, desiredReplicas, rescaled: rescale, ...(reason === '' ? {} : { reason }) },
    ),
    status: {
      ...kept,
      currentReplicas,
      desiredReplicas,
      ...(rescale
        ? { lastScaleTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z') }
        : lastScaleTime
          ? { lastScaleTime }
          : {}),
      ...(currentMetrics && { currentMetrics }),
      conditions: [...conditions],
    },
  };

  function bound(wanted: number): Normalized {
    const input = {
      currentReplicas,
      desiredReplicas: wanted,
      minReplicas,
      maxReplicas,
      history,
      downscaleStabilizationMs: rules.downscaleStabilizationMs,
      nowMs,
    };
    if (behavior === undefined) return normalize(input);
    const { scaleUp = upByDefault, scaleDown = downByDefault } = behavior;
    return normalizeWithBehavior(input, { up: scaleUp, down: scaleDown });
  }

  /** The Pods that the target's selector finds. @throws Failure with conditions and events already told */
  function selected(text: string): Pod[] {
    const refuse = (type: string, message: string, condition = message) => {
      events.warn(hpa, type, message);
      set('ScalingActive', 'False', type === 'SelectorRequired' ? 'InvalidSelector' : type, condition);
      return new Failure(message);
    };
    if (text === '')
      throw refuse(
        'SelectorRequired',
        'selector is required',
        "the HPA target's scale is missing a selector",
      );
    let selector: LabelMatcher;
    try {
      selector = selectorOf(text);
    } catch (problem) {
      if (!(problem instanceof SelectorSyntaxError)) throw problem;
      throw refuse(
        'InvalidSelector',
        `couldn't convert selector into a corresponding internal selector object: ${problem.message}`,
      );
    }
    const pods = around.selectPods(namespace, selector);
    const rivals = around.selecting(hpa, selector, pods);
    if (rivals.length > 1) {
      throw refuse(
        'AmbiguousSelector',
        `pods by selector ${text} are controlled by multiple HPAs: [${rivals.join(' ')}]`,
      );
    }
    return pods;
  }

  /** Every metric's count; the highest wins. No count when none can be told, or when one that cannot might forbid going down. */
  async function askMetrics(
    of: Scale,
    specReplicas: number,
  ): Promise<{ replicas?: number; name?: string; statuses?: MetricStatus[]; error?: string }> {
    const selector = of.status?.selector ?? '';
    let pods: Pod[];
    try {
      pods = selected(selector);
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      return { error: problem.message };
    }
    const input = {
      hpa,
      specReplicas,
      statusReplicas: of.status?.replicas ?? 0,
      selector,
      pods,
      tolerances: tolerancesOf(hpa, rules.tolerance),
      readiness: rules.readiness,
      nowMs,
    };
    const specs = hpa.spec.metrics ?? [];
    const statuses: MetricStatus[] = [];
    let best: MetricOutcome | undefined;
    let first: MetricError | undefined;
    let failed = 0;
    for (const spec of specs) {
      const startMs = around.now();
      try {
        const outcome = await evaluateMetric(around.metrics, input, spec);
        const action = actionOf(hpa.status?.currentReplicas ?? 0, outcome.replicas);
        around.computed(action, 'none', spec.type, around.now() - startMs);
        statuses.push(outcome.status);
        told.metrics.push({ name: outcome.name, steps: outcome.steps, replicas: outcome.replicas });
        if (best === undefined || best.replicas === 0 || outcome.replicas > best.replicas) best = outcome;
      } catch (problem) {
        if (!(problem instanceof MetricError)) throw problem;
        around.computed('none', problem.fault, spec.type, around.now() - startMs);
        statuses.push({ type: '' });
        told.metrics.push({ name: metricLabel(spec), steps: [], error: problem.inner });
        events.warn(hpa, problem.reason, problem.inner);
        first ??= problem;
        failed++;
      }
    }
    const replicas = best?.replicas ?? 0;
    const about =
      first === undefined
        ? undefined
        : `invalid metrics (${failed} invalid out of ${specs.length}), first error is: ${first.message}`;
    if (failed > 0 && failed < specs.length)
      told.rules.push(
        replicas < specReplicas
          ? `while a metric gives no answer, nothing is scaled down: ${replicas} → ${specReplicas}`
          : 'a metric that gives no answer is left out while the others do not ask for fewer',
      );
    if (failed >= specs.length || (failed > 0 && replicas < specReplicas)) {
      if (first !== undefined) {
        const message = `the HPA was unable to compute the replica count: ${first.inner}`;
        set('ScalingActive', 'False', first.reason, message);
      }
      return { statuses, error: about ?? 'no metrics' };
    }
    const name = best?.name ?? '';
    set(
      'ScalingActive',
      'True',
      'ValidMetricFound',
      `the HPA was able to successfully calculate a replica count from ${name}`,
    );
    return { replicas, name, statuses, ...(about === undefined ? {} : { error: about }) };
  }
}

/** What a behaviour that names only one direction means for the other. */
const upByDefault: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const downByDefault: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};
