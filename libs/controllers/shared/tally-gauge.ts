import type { MetricOptions, Metrics } from '@drydock/port/observability';

/** A gauge of how many things there are with each set of label values, counted when it is looked at. */
export function tallyGauge(
  metrics: Metrics,
  options: MetricOptions,
  labelsOfAll: () => Iterable<readonly string[]>,
): void {
  /** Also what there was before: that is 0 then. */
  const known = new Map<string, readonly string[]>();
  metrics.gauge({
    ...options,
    collect(gauge) {
      const counts = new Map<string, number>();
      for (const labels of labelsOfAll()) {
        const key = JSON.stringify(labels);
        known.set(key, labels);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const [key, labels] of known) gauge.set(counts.get(key) ?? 0, labels);
    },
  });
}
