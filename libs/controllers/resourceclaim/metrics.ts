import type { ResourceClaim } from '@drydock/api/resource/v1';
import { podClaimAnnotation } from '@drydock/api/resource-claims';
import type { Metrics } from '@drydock/port/observability';
import { tallyGauge } from '../shared/index.ts';

/** What the scheduler marks the claims with that stand for extended resources. */
const extendedResourceAnnotation = 'resource.kubernetes.io/extended-resource-claim';

export interface ResourceClaimMetrics {
  created(claim: ResourceClaim, succeeded: boolean): void;
}

const asksForAdmin = ({ spec }: ResourceClaim) =>
  spec?.devices?.requests?.some(({ exactly }) => exactly?.adminAccess === true) === true;

function sourceOf({ metadata: { annotations = {} } }: ResourceClaim): string {
  if (annotations[podClaimAnnotation] !== undefined) return 'resource_claim_template';
  return annotations[extendedResourceAnnotation] === undefined ? '' : 'extended_resource';
}

/** kube-controller-manager's metrics of the claims that it makes, by Kubernetes' names. */
export function resourceClaimMetrics(
  metrics: Metrics,
  claims: () => readonly ResourceClaim[],
): ResourceClaimMetrics {
  const creates = metrics.counter({
    name: 'resourceclaim_controller_creates_total',
    help: 'Number of ResourceClaims creation requests, categorized by creation status and admin access',
    labels: ['status', 'admin_access'],
  });
  tallyGauge(
    metrics,
    {
      name: 'resourceclaim_controller_resource_claims',
      help: "Number of ResourceClaims, categorized by allocation status, admin access, and source. Source can be 'resource_claim_template' (created from a template), 'extended_resource' (extended resources), or empty (manually created by a user).",
      labels: ['allocated', 'admin_access', 'source'],
    },
    () =>
      claims().map((claim) => [
        String(claim.status?.allocation !== undefined),
        String(asksForAdmin(claim)),
        sourceOf(claim),
      ]),
  );
  return {
    created: (claim, succeeded) =>
      creates.inc([succeeded ? 'success' : 'failure', String(asksForAdmin(claim))]),
  };
}
