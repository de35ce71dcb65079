import { Pod } from '@drydock/api/core/v1';
import { claimNameOf, ownershipProblem } from '@drydock/api/resource-claims';
import { ResourceClaim, ResourceClaimTemplate } from '@drydock/api/resource/v1';
import { joinKey, objectKey } from '@drydock/base/apimachinery';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { isPodTerminal } from '../shared/index.ts';
import { resourceClaimEvents } from './events.ts';
import { byClaim, byPod } from './indexes.ts';
import { resourceClaimMetrics } from './metrics.ts';
import { createClaimSync } from './sync-claim.ts';
import { createPodSync, isToBeReserved } from './sync-pod.ts';

const name = 'resourceclaim-controller';
const podPrefix = 'pod:';
const claimPrefix = 'claim:';
/** Pods that are known to be gone, so that nobody has to be asked about them. */
const maxRemembered = 500;

/**
 * `resourceclaim-controller` (KEP-4381): makes claims of the templates of Pods, notes who uses them, and gives their
 * devices back when nobody does.
 */
export const createResourceClaimController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const pods = informers.informer(Pod, { indexers: { [byClaim.name]: byClaim.values } });
  const claims = informers.informer(ResourceClaim, { indexers: { [byPod.name]: byPod.values } });
  const templates = informers.informer(ResourceClaimTemplate);
  const gone = new Set<string>();
  const podSync = createPodSync({
    deps,
    pods,
    claims,
    templates,
    events: resourceClaimEvents(createEventRecorder(client, 'resource_claim', deps)),
    metrics: resourceClaimMetrics(deps.metrics, () => claims.list()),
  });
  const syncClaim = createClaimSync({ deps, pods, claims, wasDeleted: (uid) => gone.has(uid) });

  function remember(uid: string): void {
    gone.add(uid);
    for (const oldest of gone) {
      if (gone.size <= maxRemembered) break;
      gone.delete(oldest);
    }
  }

  /** Whether a claim of the Pod is still to be made, or to be noted as used by it. */
  function needsWork(pod: Pod): boolean {
    if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return false;
    for (const entry of pod.spec?.resourceClaims ?? []) {
      const named = claimNameOf(pod, entry);
      if ('problem' in named) return true;
      if (named.name === undefined) continue;
      const claim = claims.get(joinKey(pod.metadata.namespace, named.name));
      if (claim === undefined) {
        if (entry.resourceClaimTemplateName !== undefined) return true;
        continue;
      }
      if (named.owned && ownershipProblem(pod, claim) !== undefined) continue;
      if (pod.spec?.nodeName && isToBeReserved(pod, claim)) return true;
    }
    return false;
  }

  function keysOfPod(pod: Pod, deleted: boolean): string[] {
    if (pod.spec?.resourceClaims === undefined && pod.status?.extendedResourceClaimStatus === undefined)
      return [];
    const { deletionTimestamp, uid = '' } = pod.metadata;
    if (deleted) remember(uid);
    const needsNone =
      deleted || isPodTerminal(pod) || (deletionTimestamp !== undefined && !pod.spec?.nodeName);
    const released = needsNone ? byClaim.values(pod).map((key) => `${claimPrefix}${key}`) : [];
    return !deleted && needsWork(pod) ? [...released, `${podPrefix}${objectKey(pod)}`] : released;
  }

  return createController(
    {
      name,
      sources: [
        source(Pod, (pod, { deleted }) => keysOfPod(pod, deleted)),
        source(ResourceClaim, (claim, { deleted }) => {
          podSync.saw(claim);
          return [
            ...(deleted ? [] : [`${claimPrefix}${objectKey(claim)}`]),
            ...pods.byIndex(byClaim.name, objectKey(claim)).flatMap((pod) => keysOfPod(pod, false)),
          ];
        }),
      ],
      reads: [ResourceClaimTemplate],
      async reconcile(key) {
        if (key.startsWith(podPrefix)) await podSync.sync(key.slice(podPrefix.length));
        else await syncClaim(key.slice(claimPrefix.length));
      },
      workers: 10,
    },
    deps,
  );
};
