import type { Metrics } from '@drydock/port/observability';
import { tallyGauge } from '../shared/index.ts';

/** What there is: of drivers, as they are named in metrics. */
export interface VolumeCounts {
  /** Each volume of each Pod on a node, as `[node, driver]`. */
  inUse(): Iterable<readonly [node: string, driver: string]>;
  wanted(): Iterable<string>;
  attached(): Iterable<string>;
}

export type ForceReason = 'timeout' | 'out-of-service';

const pluginOf = (driver: string) => `kubernetes.io/csi:${driver}`;

/** kube-controller-manager's metrics of attached volumes, by Kubernetes' names. */
export function attachMetrics(metrics: Metrics, counts: VolumeCounts) {
  tallyGauge(
    metrics,
    {
      name: 'storage_count_attachable_volumes_in_use',
      help: 'Measure number of volumes in use',
      labels: ['node', 'volume_plugin'],
    },
    () => [...counts.inUse()].map(([node, driver]) => [node, pluginOf(driver)]),
  );
  tallyGauge(
    metrics,
    {
      name: 'attachdetach_controller_total_volumes',
      help: 'Number of volumes in A/D Controller',
      labels: ['plugin_name', 'state'],
    },
    () => [
      ...[...counts.wanted()].map((driver) => [pluginOf(driver), 'desired_state_of_world']),
      ...[...counts.attached()].map((driver) => [pluginOf(driver), 'actual_state_of_world']),
    ],
  );
  const forced = metrics.counter({
    name: 'attach_detach_controller_attachdetach_controller_forced_detaches',
    help: 'Number of times the A/D Controller performed a forced detach',
    labels: ['reason'],
  });
  return { forced: (reason: ForceReason) => forced.inc([reason]) };
}
