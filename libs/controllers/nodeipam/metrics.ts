import { formatCidr } from '@drydock/base/apimachinery';
import type { Metrics } from '@drydock/port/observability';
import type { CidrSet, CidrSetObserver } from './cidr-set.ts';

/** kube-controller-manager's metrics of its sets of ranges, by Kubernetes' names. */
export function cidrSetMetrics(metrics: Metrics): CidrSetObserver {
  const labels = ['clusterCIDR'];
  const prefix = 'node_ipam_controller';
  const allocations = metrics.counter({
    name: `${prefix}_cidrset_cidrs_allocations_total`,
    help: 'Counter measuring total number of CIDR allocations.',
    labels,
  });
  const releases = metrics.counter({
    name: `${prefix}_cidrset_cidrs_releases_total`,
    help: 'Counter measuring total number of CIDR releases.',
    labels,
  });
  // Kubernetes spells it so.
  const most = metrics.gauge({
    name: `${prefix}_cirdset_max_cidrs`,
    help: 'Maximum number of CIDRs that can be allocated.',
    labels,
  });
  const usage = metrics.gauge({
    name: `${prefix}_cidrset_usage_cidrs`,
    help: 'Gauge measuring percentage of allocated CIDRs.',
    labels,
  });
  const tried = metrics.histogram({
    name: `${prefix}_cidrset_allocation_tries_per_request`,
    help: 'Number of ranges that were found taken on each allocation.',
    labels,
    buckets: [1, 5, 25, 125, 625],
  });
  const tell = (set: CidrSet) => {
    const label = [formatCidr(set.cluster)];
    most.set(set.size, label);
    usage.set(set.allocated() / set.size, label);
    return label;
  };
  return {
    allocated(set, count, tries) {
      const label = tell(set);
      if (count > 0) allocations.inc(label, count);
      if (tries !== undefined) tried.observe(tries, label);
    },
    released(set, count) {
      const label = tell(set);
      if (count > 0) releases.inc(label, count);
    },
  };
}
