import type { ResourceClaim } from '@drydock/api/resource/v1';
import type { Metrics } from '@drydock/port/observability';

export interface ResourceClaimMetrics {
  created(claim: ResourceClaim, succeeded: boolean): void;
}

const asksForAdmin = ({ spec }: ResourceClaim) =>
  spec?.devices?.requests?.some(({ exactly }) => exactly?.adminAccess === true) === true;

/** kube-controller-manager's metrics of the claims that it makes, by Kubernetes' names. */
export function resourceClaimMetrics(metrics: Metrics): ResourceClaimMetrics {
  const creates = metrics.counter({
    name: 'resourceclaim_controller_creates_total',
    help: 'Number of ResourceClaims creation requests, categorized by creation status and admin access',
    labels: ['status', 'admin_access'],
  });
  return {
    created: (claim, succeeded) =>
      creates.inc([succeeded ? 'success' : 'failure', String(asksForAdmin(claim))]),
  };
}
