import type { KubeObject } from '@drydock/base/apimachinery';
import { isJsonObject } from '@drydock/base/apimachinery';
import type * as v1 from '@drydock/api/autoscaling/v1';
import type * as v2 from '@drydock/api/autoscaling/v2';
import type { ResourceDefinition } from '../../registry/types.ts';
import { horizontalPodAutoscalerDefinition } from './horizontal-pod-autoscaler.ts';
import { metricFromV1, metricToV1, statusFromV1, statusToV1 } from './v1-metrics.ts';

/** Annotations that carry what autoscaling/v1 has no fields for. */
const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics';
const currentMetricsAnnotation = 'autoscaling.alpha.kubernetes.io/current-metrics';
const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions';
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior';
const carriers = [metricsAnnotation, currentMetricsAnnotation, conditionsAnnotation, behaviorAnnotation];

function withoutCarriers(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !carriers.includes(key)));
}

/** The annotation's JSON; undefined when it is absent or no JSON, which Kubernetes passes over too. */
function carried(object: KubeObject, key: string): unknown {
  const text = object.metadata.annotations?.[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function carriedList<T>(object: KubeObject, key: string): T[] {
  const value = carried(object, key);
  return Array.isArray(value) ? (value.filter(isJsonObject) as T[]) : [];
}

/** The behavior's annotation has names with a capital letter. */
function recase(value: unknown, change: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => recase(item, change));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== null && child !== undefined);
  return Object.fromEntries(entries.map(([name, child]) => [change(name), recase(child, change)]));
}

const upper = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function isCpuUtilization({ type, resource }: v2.MetricSpec): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined;
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject['metadata'] {
  const { annotations: _, ...metadata } = object.metadata;
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
}

/** An autoscaler of autoscaling/v1 as it is stored: autoscaling/v2. */
export function autoscalerToV2(face: KubeObject): v2.HorizontalPodAutoscaler {
  const { spec, status } = face as v1.HorizontalPodAutoscaler;
  const target = spec?.targetCPUUtilizationPercentage;
  const metrics = carriedList<v1.MetricSpec>(face, metricsAnnotation).map(metricFromV1);
  if (target !== undefined) {
    const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } };
    metrics.push({ type: 'Resource', resource });
  }
  const stored: v2.HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(face, withoutCarriers(face.metadata.annotations)),
    spec: { scaleTargetRef: spec?.scaleTargetRef, maxReplicas: spec?.maxReplicas },
  };
  if (spec?.minReplicas !== undefined) stored.spec.minReplicas = spec.minReplicas;
  if (metrics.length > 0) stored.spec.metrics = metrics;
  const behavior = carried(face, behaviorAnnotation);
  if (isJsonObject(behavior))
    stored.spec.behavior = recase(behavior, lower) as v2.HorizontalPodAutoscalerBehavior;
  if (status === undefined) return stored;
  const { currentCPUUtilizationPercentage: utilization, ...rest } = status;
  stored.status = { ...rest };
  const current = carriedList<v1.MetricStatus>(face, currentMetricsAnnotation).map(statusFromV1);
  const conditions = carriedList<v2.HorizontalPodAutoscalerCondition>(face, conditionsAnnotation);
  if (current.length > 0) stored.status.currentMetrics = current;
  else if (utilization !== undefined) {
    const resource = { name: 'cpu', current: { averageUtilization: utilization } };
    stored.status.currentMetrics = [{ type: 'Resource', resource }];
  }
  if (conditions.length > 0) stored.status.conditions = conditions;
  return stored;
}

/** A stored autoscaler as autoscaling/v1 shows it; what it has no fields for goes into annotations. */
export function autoscalerToV1(object: KubeObject): v1.HorizontalPodAutoscaler {
  const { spec, status } = object as v2.HorizontalPodAutoscaler;
  const annotations = withoutCarriers(object.metadata.annotations);
  const others = (spec?.metrics ?? []).filter((metric) => !isCpuUtilization(metric));
  if (others.length > 0) annotations[metricsAnnotation] = JSON.stringify(others.map(metricToV1));
  if (spec?.behavior !== undefined)
    annotations[behaviorAnnotation] = JSON.stringify(recase(spec.behavior, upper));
  const current = status?.currentMetrics ?? [];
  if (current.length > 0) annotations[currentMetricsAnnotation] = JSON.stringify(current.map(statusToV1));
  const conditions = status?.conditions ?? [];
  if (conditions.length > 0) annotations[conditionsAnnotation] = JSON.stringify(conditions);
  const face: v1.HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(object, annotations),
    spec: { scaleTargetRef: spec?.scaleTargetRef, maxReplicas: spec?.maxReplicas },
  };
  if (spec?.minReplicas !== undefined) face.spec.minReplicas = spec.minReplicas;
  const target = spec?.metrics?.find(isCpuUtilization)?.resource?.target.averageUtilization;
  if (target !== undefined) face.spec.targetCPUUtilizationPercentage = target;
  if (status === undefined) return face;
  const { currentMetrics: _currentMetrics, conditions: _conditions, ...rest } = status;
  face.status = { ...rest, currentReplicas: rest.currentReplicas ?? 0 };
  const cpu = current.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu');
  const utilization = cpu?.resource?.current.averageUtilization;
  if (utilization !== undefined) face.status.currentCPUUtilizationPercentage = utilization;
  return face;
}

/** autoscaling/v1 HorizontalPodAutoscaler: the older face, which knows CPU only. */
export const horizontalPodAutoscalerV1Definition: ResourceDefinition<v1.HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler',
  status: true,
  strategy: {
    generation: false,
    defaults(object) {
      object.spec ??= {} as v1.HorizontalPodAutoscalerSpec;
      object.spec.minReplicas ??= 1;
    },
  },
  // Both faces print the same.
  columns: (horizontalPodAutoscalerDefinition.columns ?? []).map((column) => ({
    ...column,
    cell: (object, now) => column.cell(autoscalerToV2(object), now),
  })),
  storedAs: {
    group: 'autoscaling',
    version: 'v2',
    resource: horizontalPodAutoscalerDefinition.resource,
    toStored: autoscalerToV2,
    fromStored: autoscalerToV1,
  },
};
