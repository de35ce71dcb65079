import type { Metrics } from '@drydock/port/observability';

/** The work queue metrics of Kubernetes' components, one label: the queue's name. */
export interface WorkQueueMetrics {
  depth(length: number): void;
  added(): void;
  retried(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
}

const buckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];

export function createWorkQueueMetrics(metrics: Metrics, queue: string): WorkQueueMetrics {
  const labels = [queue];
  const names = ['name'];
  const depth = metrics.gauge({
    name: 'workqueue_depth',
    help: 'Current depth of workqueue by workqueue name',
    labels: names,
  });
  const adds = metrics.counter({
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by workqueue by workqueue name',
    labels: names,
  });
  const retries = metrics.counter({
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by workqueue by workqueue name',
    labels: names,
  });
  const queueDuration = metrics.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested by workqueue name.',
    labels: names,
    buckets,
  });
  const workDuration = metrics.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes by workqueue name.',
    labels: names,
    buckets,
  });
  return {
    depth: (length) => depth.set(length, labels),
    added: () => adds.inc(labels),
    retried: () => retries.inc(labels),
    waited: (seconds) => queueDuration.observe(seconds, labels),
    worked: (seconds) => workDuration.observe(seconds, labels),
  };
}
