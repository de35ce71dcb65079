import type { LabelSelector } from '@drydock/base/apimachinery';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
} from '@drydock/api/autoscaling/v2';
import type { Pod } from '@drydock/api/core/v1';
import { autoscalerEvents } from './events.ts';
import { emptyHistory, reconcileAutoscaler, type MetricsClient, type ScaleHistory } from './index.ts';
import type { Fault } from './metrics.ts';
import type { AutoscalerRules } from './reconcile.ts';
import { ScaleTargetError, type Scale } from './scale-target.ts';

export const nowMs = Date.parse('2026-01-01T12:00:00Z');
const never = '0001-01-01T00:00:00Z';
const at = (agoMs: number) => new Date(nowMs - agoMs).toISOString();

/** How a Pod is that is not simply up: `hot` was started this moment, `cool` three minutes ago. */
export type PodState = 'up' | 'unready' | 'hot' | 'cool' | 'hot unready' | 'failed' | 'going';

export interface Situation {
  /** Of the target: asked for, and there. */
  readonly replicas: number;
  readonly statusReplicas?: number;
  readonly min?: number;
  readonly max?: number;
  /** Percent of the CPU requests. */
  readonly cpu?: number;
  readonly metrics?: readonly MetricSpec[];
  /** Of each Pod, or of each series, in milli-units. */
  readonly levels?: readonly number[];
  /** One a Pod. Default: `1.0` for each that is there. */
  readonly requests?: readonly string[];
  readonly pods?: readonly PodState[];
  readonly behavior?: HorizontalPodAutoscalerBehavior;
  /** Count and how many minutes ago. Absent: none, not even that of the first look. */
  readonly recommended?: readonly (readonly [number, number])[] | 'first look';
  readonly scaleToZero?: boolean;
  /** Of the flags. */
  readonly rules?: Partial<AutoscalerRules>;
  readonly conditions?: readonly HorizontalPodAutoscalerCondition[];
  /** What goes wrong. */
  readonly broken?: readonly ('metrics' | 'external' | 'get scale' | 'update scale')[];
  readonly selector?: string;
  readonly apiVersion?: string;
}

function podOf(state: PodState, index: number, request: string): Pod {
  const start = state.startsWith('hot') ? at(0) : state === 'cool' ? at(180_000) : never;
  const unready = ['unready', 'hot unready', 'failed', 'going'].includes(state);
  const container = (name: string, cpu: string) => ({ name, resources: { requests: { cpu } } });
  return {
    metadata: {
      name: `p-${index}`,
      namespace: 'default',
      labels: { app: 'web' },
      ...(state === 'going' ? { deletionTimestamp: at(0) } : {}),
    },
    spec: { containers: [container('main', request)] },
    status: {
      phase: state === 'failed' ? 'Failed' : 'Running',
      startTime: start,
      conditions: [{ type: 'Ready', status: unready ? 'False' : 'True', lastTransitionTime: start }],
    },
  } as unknown as Pod;
}

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

function metricsOf({ levels = [], broken = [] }: Situation): MetricsClient {
  const wrong = () => Promise.reject(new Error('something went wrong'));
  const samples = () =>
    levels.length === 0
      ? Promise.reject(new Error('no metrics returned from resource metrics API'))
      : Promise.resolve(
          new Map(
            levels.map((value, index) => [`p-${index}`, { value, timestampMs: nowMs, windowMs: 60_000 }]),
          ),
        );
  const all = broken.includes('metrics');
  return {
    resource: all ? wrong : samples,
    pods: all ? wrong : samples,
    object: all ? wrong : () => Promise.resolve(levels[0] ?? 0),
    external: all || broken.includes('external') ? wrong : () => Promise.resolve(levels),
  };
}

/** One look at an autoscaler in a situation: what was written, said and counted. */
export async function look(situation: Situation) {
  const { replicas, statusReplicas = replicas, min = 2, max = 6, cpu, metrics = [], broken = [] } = situation;
  const { requests = Array.from({ length: statusReplicas }, () => '1.0'), behavior } = situation;
  const hpa = {
    metadata: { name: 'hpa', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: situation.apiVersion ?? 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: min,
      maxReplicas: max,
      metrics: [...(cpu === undefined ? [] : [cpuMetric(cpu)]), ...metrics],
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: {
      currentReplicas: replicas,
      desiredReplicas: replicas,
      ...(situation.conditions === undefined ? {} : { conditions: [...situation.conditions] }),
    },
  } as HorizontalPodAutoscaler;
  const pods = requests.map((request, index) => podOf(situation.pods?.[index] ?? 'up', index, request));
  const { recommended = [] } = situation;
  const history: ScaleHistory = {
    ...emptyHistory,
    recommendations:
      recommended === 'first look'
        ? []
        : [
            // One that no window sees keeps the first look from being taken for one.
            { replicas: 0, atMs: nowMs - 3_600_000 },
            ...recommended.map(([count, minutes]) => ({ replicas: count, atMs: nowMs - minutes * 60_000 })),
          ],
  };
  const written: number[] = [];
  const events: string[] = [];
  const computed: string[] = [];
  const reconciled = await reconcileAutoscaler(hpa, history, nowMs, {
    rules: {
      readiness: { cpuInitializationMs: 120_000, initialReadinessDelayMs: 10_000 },
      tolerance: 0.1,
      downscaleStabilizationMs: 300_000,
      scaleToZero: situation.scaleToZero ?? false,
      ...situation.rules,
    },
    events: autoscalerEvents({
      event: (_about, type, reason, message) => void events.push(`${type} ${reason}: ${message}`),
      flush: () => Promise.resolve(),
    }),
    metrics: metricsOf(situation),
    now: () => nowMs,
    computed: (action: string, fault: Fault, type: string) =>
      void computed.push(`${type} ${action} ${fault}`),
    readTarget: () => {
      if (broken.includes('get scale'))
        throw new ScaleTargetError('failed to query scale subresource', 'something went wrong');
      const scale: Scale = {
        metadata: { name: 'web' },
        spec: { replicas },
        status: { replicas: statusReplicas, selector: situation.selector ?? 'app=web' },
      };
      return Promise.resolve({
        scale,
        write: (count) => {
          if (broken.includes('update scale')) return Promise.reject(new Error('something went wrong'));
          written.push(count);
          return Promise.resolve();
        },
      });
    },
    selectPods: (_, selector) => pods.filter(({ metadata }) => selector.matches(metadata.labels)),
    selecting: () => ['{hpa default}'],
  });
  return {
    ...reconciled,
    written,
    events,
    computed,
    conditions: (reconciled.status.conditions ?? []).map(
      ({ type, status, reason = '' }) => `${type} ${status} ${reason}`,
    ),
  };
}

const described = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'some' };

export const podsMetric = (averageValue: string): MetricSpec => ({
  type: 'Pods',
  pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue } },
});

export const objectMetric = (target: { value: string } | { averageValue: string }): MetricSpec => ({
  type: 'Object',
  object: {
    metric: { name: 'qps' },
    describedObject: described,
    target: { type: 'value' in target ? 'Value' : 'AverageValue', ...target },
  },
});

export const externalMetric = (
  target: { value: string } | { averageValue: string },
  selector: LabelSelector = {},
): MetricSpec => {
  return {
    type: 'External',
    external: {
      metric: { name: 'qps', selector },
      target: { type: 'value' in target ? 'Value' : 'AverageValue', ...target },
    },
  };
};
