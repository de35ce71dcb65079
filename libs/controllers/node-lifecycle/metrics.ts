import { exponentialBuckets, type Gauge, type Metrics } from '@drydock/port/observability';
import type { ZoneCounts } from './zones.ts';

/** kube-controller-manager's metrics of zones, by Kubernetes' names. */
export function zoneMetrics(metrics: Metrics) {
  const gauge = (name: string, help: string) =>
    metrics.gauge({ name: `node_collector_${name}`, help, labels: ['zone'] });
  const size = gauge('zone_size', 'Gauge measuring number of registered Nodes per zones.');
  const health = gauge('zone_health', 'Gauge measuring percentage of healthy nodes per zone.');
  const unhealthy = gauge('unhealthy_nodes_in_zone', 'Gauge measuring number of not Ready Nodes per zones.');
  const evictions = metrics.counter({
    name: 'node_collector_evictions_total',
    help: 'Number of Node evictions that happened since current instance of NodeController started.',
    labels: ['zone'],
  });
  const durations = metrics.histogram({
    name: 'node_collector_update_node_health_duration_seconds',
    help: 'Duration in seconds for NodeController to update the health of a single node.',
    buckets: exponentialBuckets(0.001, 2, 15),
  });
  const told = new Set<string>();
  const set = (of: Gauge, zone: string, value: number) => of.set(value, [zone]);

  return {
    zones(counts: ReadonlyMap<string, ZoneCounts>) {
      for (const zone of told) {
        if (counts.has(zone)) continue;
        set(size, zone, 0);
        set(health, zone, 100);
        set(unhealthy, zone, 0);
      }
      for (const [zone, { ready, notReady }] of counts) {
        told.add(zone);
        set(size, zone, ready + notReady);
        set(health, zone, (100 * ready) / (ready + notReady));
        set(unhealthy, zone, notReady);
      }
    },
    evicted: (zone: string) => evictions.inc([zone]),
    updated: (durationMs: number) => durations.observe(durationMs / 1000),
  };
}
