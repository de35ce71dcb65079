import type { Metrics } from '@drydock/port/observability';

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];

export interface DeletionMetricsOptions {
  /** What the metrics of the loop begin with. */
  readonly subsystem: string;
  /** What the loop is called in their descriptions. */
  readonly loop: string;
  /** Between what the latency is measured. */
  readonly between: string;
}

/** Kubernetes' metrics of a loop that evicts Pods for taints; to be called with how many seconds after its time one was deleted. */
export function deletionMetrics(
  metrics: Metrics,
  { subsystem, loop, between }: DeletionMetricsOptions,
): (seconds: number) => void {
  const deletions = metrics.counter({
    name: `${subsystem}_pod_deletions_total`,
    help: `Total number of Pods deleted by ${loop} since its start.`,
  });
  const latency = metrics.histogram({
    name: `${subsystem}_pod_deletion_duration_seconds`,
    help: `Latency, in seconds, between the time when ${between} via ${loop}.`,
    buckets,
  });
  return (seconds) => {
    deletions.inc();
    latency.observe(seconds);
  };
}
