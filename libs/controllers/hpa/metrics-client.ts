import type { LabelSelector } from '@drydock/base/apimachinery';

/** One Pod's sample of a metric. */
export interface PodMetric {
  /** Milli-units. */
  readonly value: number;
  readonly timestampMs: number;
  /** The time that the sample stands for. */
  readonly windowMs: number;
}

/** Samples by the Pods' names. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * Where the autoscaler has its numbers from. Every number is in milli-units. A failure, and an answer without any
 * sample, rejects with an Error whose message is what the conditions will say.
 */
export interface MetricsClient {
  /** metrics.k8s.io: the use of a resource by the Pods that `selector` (its text) finds, of one container or of all. */
  resource(request: {
    readonly namespace: string;
    readonly selector: string;
    readonly resource: string;
    readonly container?: string;
  }): Promise<PodMetrics>;
  /** custom.metrics.k8s.io: a metric of each Pod. */
  pods(request: {
    readonly namespace: string;
    readonly selector: string;
    readonly metric: string;
    readonly metricSelector?: LabelSelector;
  }): Promise<PodMetrics>;
  /** custom.metrics.k8s.io: a metric of one object. */
  object(request: {
    readonly namespace: string;
    readonly described: ObjectReference;
    readonly metric: string;
    readonly metricSelector?: LabelSelector;
  }): Promise<number>;
  /** external.metrics.k8s.io: every series of a metric. */
  external(request: {
    readonly namespace: string;
    readonly metric: string;
    readonly metricSelector?: LabelSelector;
  }): Promise<readonly number[]>;
}
