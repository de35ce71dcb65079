import type {
  Counter,
  Gauge,
  GaugeOptions,
  Histogram,
  MetricOptions,
  Metrics,
} from '@drydock/port/observability';
import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
  collectDefaultMetrics,
} from 'prom-client';

export interface PromMetricsOptions {
  /** Also exposes the process' own figures (`process_cpu_seconds_total`, heap, event loop lag). Default true. */
  processMetrics?: boolean;
}

/** Kubernetes' own default latency bounds, in seconds. */
const defaultBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/** What one set of label values stands for, found without building an object where the caller passes the same array again. */
class Children<T> {
  readonly #byArray = new WeakMap<readonly string[], T>();
  readonly #byText = new Map<string, T>();
  readonly #create: (labels: readonly string[]) => T;

  constructor(create: (labels: readonly string[]) => T) {
    this.#create = create;
  }

  of(labels: readonly string[]): T {
    const known = this.#byArray.get(labels);
    if (known !== undefined) return known;
    const text = labels.join('\u0000');
    let child = this.#byText.get(text);
    if (child === undefined) {
      child = this.#create(labels);
      this.#byText.set(text, child);
    }
    this.#byArray.set(labels, child);
    return child;
  }

  values(): Iterable<T> {
    return this.#byText.values();
  }
}

interface Cell {
  readonly labels: string[];
  value: number;
}

const none: readonly string[] = [];

function created<T>(map: Map<string, T>, name: string, create: () => T): T {
  let metric = map.get(name);
  if (metric === undefined) {
    metric = create();
    map.set(name, metric);
  }
  return metric;
}

/**
 * Metrics on prom-client. Counts are kept in plain cells and handed to prom-client when it is scraped, since its own
 * label hashing would cost more than a cached read does.
 */
export function createPromMetrics(options: PromMetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();

  const newCell = (labels: readonly string[]): Cell => ({ labels: [...labels], value: 0 });

  function createCounter(metric: MetricOptions): Counter {
    const cells = new Children(newCell);
    new PromCounter({
      name: metric.name,
      help: metric.help,
      labelNames: [...(metric.labels ?? [])],
      registers: [registry],
      collect() {
        this.reset();
        for (const cell of cells.values()) this.labels(...cell.labels).inc(cell.value);
      },
    });
    return {
      inc(labels = none, by = 1) {
        cells.of(labels).value += by;
      },
    };
  }

  function createGauge(metric: GaugeOptions): Gauge {
    const cells = new Children(newCell);
    const gauge: Gauge = {
      set(value, labels = none) {
        cells.of(labels).value = value;
      },
    };
    new PromGauge({
      name: metric.name,
      help: metric.help,
      labelNames: [...(metric.labels ?? [])],
      registers: [registry],
      collect() {
        metric.collect?.(gauge);
        for (const cell of cells.values()) this.labels(...cell.labels).set(cell.value);
      },
    });
    return gauge;
  }

  function createHistogram(metric: MetricOptions): Histogram {
    const histogram = new PromHistogram({
      name: metric.name,
      help: metric.help,
      labelNames: [...(metric.labels ?? [])],
      buckets: [...(metric.buckets ?? defaultBuckets)],
      registers: [registry],
    });
    const children = new Children((labels) => histogram.labels(...labels));
    return {
      observe(value, labels = none) {
        children.of(labels).observe(value);
      },
    };
  }

  return {
    counter: (metric) => created(counters, metric.name, () => createCounter(metric)),
    gauge: (metric) => created(gauges, metric.name, () => createGauge(metric)),
    histogram: (metric) => created(histograms, metric.name, () => createHistogram(metric)),
    expose: () => registry.metrics(),
  };
}
