import type { Gauge, Metrics } from '@drydock/port/observability';

export interface CountingMetrics {
  readonly metrics: Metrics;
  /** What was counted, by `metric` or `metric{label,label}`; of a histogram how often it was told. Without queues. */
  readonly counted: Readonly<Record<string, number>>;
  /** The sums of what histograms were told, in the same way. */
  readonly summed: Readonly<Record<string, number>>;
  /** What gauges show, without those that show 0. */
  measured(): Record<string, number>;
}

/** Metrics that only keep the sums of counters, and how many values histograms were told. */
export function createCountingMetrics(): CountingMetrics {
  const counted: Record<string, number> = {};
  const summed: Record<string, number> = {};
  const keyOf = (name: string, labels: readonly string[] = []) =>
    labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
  const gauges: (() => Record<string, number>)[] = [];
  const count = (name: string, labels: readonly string[] = [], by = 1) => {
    if (name.startsWith('workqueue_')) return;
    const key = keyOf(name, labels);
    counted[key] = (counted[key] ?? 0) + by;
  };
  const metrics: Metrics = {
    counter: ({ name }) => ({ inc: (labels, by) => count(name, labels, by) }),
    gauge({ name, collect }) {
      const values: Record<string, number> = {};
      const gauge: Gauge = { set: (value, labels) => void (values[keyOf(name, labels)] = value) };
      gauges.push(() => {
        collect?.(gauge);
        return values;
      });
      return gauge;
    },
    histogram: ({ name }) => ({
      observe(value, labels) {
        count(name, labels);
        const key = keyOf(name, labels);
        summed[key] = (summed[key] ?? 0) + value;
      },
    }),
    expose: async () => '',
  };
  const measured = () => {
    const all = gauges.flatMap((values) => Object.entries(values()));
    return Object.fromEntries(all.filter(([key, value]) => value !== 0 && !key.startsWith('workqueue_')));
  };
  return { metrics, counted, summed, measured };
}
