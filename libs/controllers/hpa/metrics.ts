import { exponentialBuckets, type Metrics } from '@drydock/port/observability';

/** What became of a count. */
export type Action = 'scale_up' | 'scale_down' | 'none';
/** Whose fault it was: that of what is written in the autoscaler, that of the cluster, or nobody's. */
export type Fault = 'spec' | 'internal' | 'none';

export function actionOf(before: number, after: number): Action {
  if (after === before) return 'none';
  return after > before ? 'scale_up' : 'scale_down';
}

const subsystem = 'horizontal_pod_autoscaler_controller';
const buckets = exponentialBuckets(0.001, 2, 15);

/** kube-controller-manager's metrics of the autoscaler, by Kubernetes' names. */
export function autoscalerMetrics(metrics: Metrics, count: () => number) {
  const labels = ['action', 'error'];
  const reconciliations = metrics.counter({
    name: `${subsystem}_reconciliations_total`,
    help: 'Number of reconciliations of HPA controller.',
    labels,
  });
  const reconciliationSeconds = metrics.histogram({
    name: `${subsystem}_reconciliation_duration_seconds`,
    help: 'The time(seconds) that the HPA controller takes to reconcile once.',
    labels,
    buckets,
  });
  const ofMetric = [...labels, 'metric_type'];
  const computations = metrics.counter({
    name: `${subsystem}_metric_computation_total`,
    help: 'Number of metric computations.',
    labels: ofMetric,
  });
  const computationSeconds = metrics.histogram({
    name: `${subsystem}_metric_computation_duration_seconds`,
    help: 'The time(seconds) that the HPA controller takes to calculate one metric.',
    labels: ofMetric,
    buckets,
  });
  metrics.gauge({
    name: `${subsystem}_num_horizontal_pod_autoscalers`,
    help: 'Current number of controlled HPA objects.',
    collect: (gauge) => gauge.set(count()),
  });
  return {
    reconciled(action: Action, fault: Fault, ms: number) {
      reconciliations.inc([action, fault]);
      reconciliationSeconds.observe(ms / 1000, [action, fault]);
    },
    computed(action: Action, fault: Fault, metricType: string, ms: number) {
      computations.inc([action, fault, metricType]);
      computationSeconds.observe(ms / 1000, [action, fault, metricType]);
    },
  };
}
