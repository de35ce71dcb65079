import type { Service } from '@drydock/api/core/v1';
import { exponentialBuckets, type Metrics } from '@drydock/port/observability';
import type { EndpointGroup } from './desired-endpoints.ts';
import { hintModeOf } from './hints.ts';
import { maxEndpointsPerSlice, type PlannedSlices, type SlicePlan } from './plan.ts';

interface Counts {
  readonly endpoints: number;
  /** Slices as they are, or will be when the plan is carried out. */
  readonly slices: number;
  /** Slices as there would be if all were as full as can be. */
  readonly fewest: number;
}

/** kube-controller-manager's metrics of EndpointSlices, by Kubernetes' names. */
export function endpointSliceMetrics(metrics: Metrics) {
  const named = (name: string, help: string, ...labels: string[]) => ({
    name: `endpoint_slice_controller_${name}`,
    help,
    labels,
  });
  const buckets = exponentialBuckets(2, 2, 15);
  const added = metrics.histogram({
    ...named('endpoints_added_per_sync', 'Number of endpoints added on each Service sync'),
    buckets,
  });
  const removed = metrics.histogram({
    ...named('endpoints_removed_per_sync', 'Number of endpoints removed on each Service sync'),
    buckets,
  });
  const changes = metrics.counter(named('changes', 'Number of EndpointSlice changes', 'operation'));
  const changed = metrics.histogram(
    named(
      'endpointslices_changed_per_sync',
      'Number of EndpointSlices changed on each Service sync',
      ...['topology', 'traffic_distribution'],
    ),
  );
  const syncs = metrics.counter(named('syncs', 'Number of EndpointSlice syncs', 'result'));
  /** Of each Service, for the family of addresses that comes last: Kubernetes does not count those of two families either. */
  const counts = new Map<string, Counts>();
  const distributions = new Map<string, string>();
  const total = (of: (counts: Counts) => number) => {
    let sum = 0;
    for (const one of counts.values()) sum += of(one);
    return sum;
  };
  metrics.gauge({
    ...named('endpoints_desired', 'Number of endpoints desired'),
    collect: (gauge) => gauge.set(total(({ endpoints }) => endpoints)),
  });
  metrics.gauge({
    ...named('num_endpoint_slices', 'Number of EndpointSlices'),
    collect: (gauge) => gauge.set(total(({ slices }) => slices)),
  });
  metrics.gauge({
    ...named(
      'desired_endpoint_slices',
      'Number of EndpointSlices that would exist with perfect endpoint allocation',
    ),
    collect: (gauge) => gauge.set(total(({ fewest }) => fewest)),
  });
  const known = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  const others = 'ImplementationSpecific';
  metrics.gauge({
    ...named(
      'services_count_by_traffic_distribution',
      'Number of Services using some specific trafficDistribution',
      'traffic_distribution',
    ),
    collect(gauge) {
      const all = [...distributions.values()].map((one) => (known.includes(one) ? one : others));
      for (const one of [...known, others]) gauge.set(all.filter((other) => other === one).length, [one]);
    },
  });

  return {
    synced: (result: 'success' | 'stale' | 'error') => syncs.inc([result]),
    /** What is to be of one family of a Service, which had `present` slices. */
    planned(key: string, groups: ReadonlyMap<string, EndpointGroup>, plan: PlannedSlices, present: number) {
      const sizes = [...groups.values()].map(({ endpoints }) => endpoints.size);
      const fewest = sizes.reduce(
        (sum, size) => sum + Math.max(1, Math.ceil(size / maxEndpointsPerSlice)),
        0,
      );
      const made = plan.write.filter(({ existing }) => existing === undefined).length;
      counts.set(key, {
        endpoints: sizes.reduce((sum, size) => sum + size, 0),
        slices: present - plan.remove.length + made,
        // A Service without endpoints has an empty slice.
        fewest: Math.max(1, fewest),
      });
      added.observe(plan.added);
      removed.observe(plan.removed);
    },
    carriedOut(service: Service, plan: SlicePlan) {
      const byTopology = hintModeOf(service) === 'topology';
      const distribution = byTopology ? '' : (service.spec?.trafficDistribution ?? '');
      changed.observe(plan.write.length + plan.remove.length, [
        byTopology ? 'Auto' : 'Disabled',
        distribution,
      ]);
    },
    wrote: (operation: 'create' | 'update' | 'delete') => changes.inc([operation]),
    distributes(key: string, { spec }: Service) {
      if (spec?.trafficDistribution === undefined) distributions.delete(key);
      else distributions.set(key, spec.trafficDistribution);
    },
    forget(key: string) {
      counts.delete(key);
      distributions.delete(key);
    },
    clear() {
      counts.clear();
      distributions.clear();
    },
  };
}
