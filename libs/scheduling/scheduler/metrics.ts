import type { Metrics } from '@drydock/port/observability';
import type { Decision } from './decide.ts';

/** kube-scheduler's metrics, by its names. */
export function schedulerMetrics(metrics: Metrics, waiting: () => Readonly<Record<string, number>>) {
  metrics.gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods that wait for a node, by where they wait.',
    labels: ['queue'],
    collect(gauge) {
      for (const [queue, count] of Object.entries(waiting())) gauge.set(count, [queue]);
    },
  });
  const attempts = metrics.counter({
    name: 'scheduler_schedule_attempts_total',
    help: 'Number of attempts to schedule pods, by the result.',
    labels: ['result', 'profile'],
  });
  const duration = metrics.histogram({
    name: 'scheduler_scheduling_algorithm_duration_seconds',
    help: 'Time that choosing a node takes.',
    buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
  });
  const preemptions = metrics.counter({
    name: 'scheduler_preemption_attempts_total',
    help: 'Total preemption attempts in the cluster till now.',
  });
  const victims = metrics.histogram({
    name: 'scheduler_preemption_victims',
    help: 'Number of selected preemption victims.',
    buckets: [1, 2, 4, 8, 16, 32, 64],
  });
  const results = { node: 'scheduled', unschedulable: 'unschedulable', error: 'error' } as const;
  return {
    attempt(decision: Decision, profile: string, durationMs: number): void {
      attempts.inc([results[decision.kind], profile]);
      duration.observe(durationMs / 1000);
    },
    preempted(count: number): void {
      preemptions.inc();
      victims.observe(count);
    },
  };
}
