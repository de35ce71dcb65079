import type { Metrics } from '@drydock/port/observability';

export interface CountingMetrics {
  readonly metrics: Metrics;
  /** What was counted, by `metric` or `metric{label,label}`; of a histogram how often it was told. Without queues. */
  readonly counted: Readonly<Record<string, number>>;
}

/** Metrics that only keep the sums of counters, and how many values histograms were told. */
export function createCountingMetrics(): CountingMetrics {
  const counted: Record<string, number> = {};
  const count = (name: string, labels: readonly string[] = [], by = 1) => {
    if (name.startsWith('workqueue_')) return;
    const key = labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
    counted[key] = (counted[key] ?? 0) + by;
  };
  const metrics: Metrics = {
    counter: ({ name }) => ({ inc: (labels, by) => count(name, labels, by) }),
    gauge: () => ({ set() {} }),
    histogram: ({ name }) => ({ observe: (_value, labels) => count(name, labels) }),
    expose: async () => '',
  };
  return { metrics, counted };
}
