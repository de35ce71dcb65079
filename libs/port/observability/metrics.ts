export interface MetricOptions {
  /** Kubernetes' own metric name where one exists. */
  name: string;
  help: string;
  labels?: readonly string[];
  /** Histogram bucket bounds. */
  buckets?: readonly number[];
}

export interface GaugeOptions extends MetricOptions {
  /** Called when the metrics are exposed: for what is cheaper to look up than to follow. */
  collect?(gauge: Gauge): void;
}

/** Label values are positional, in the order of `MetricOptions.labels`. */
export interface Counter {
  inc(labels?: readonly string[], by?: number): void;
}
export interface Gauge {
  set(value: number, labels?: readonly string[]): void;
}
export interface Histogram {
  observe(value: number, labels?: readonly string[]): void;
}

/** Metric factory; asking twice for one name gives the same metric. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: GaugeOptions): Gauge;
  histogram(options: MetricOptions): Histogram;
  /** The Prometheus text exposition of everything registered. */
  expose(): Promise<string>;
}

/** Bounds of `count` buckets, each `factor` times the one before, as Prometheus' client for Go names them. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, power) => start * factor ** power);
}

/** Drops everything; the default of tests. */
export const noMetrics: Metrics = {
  counter: () => ({ inc() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
  expose: () => Promise.resolve(''),
};
