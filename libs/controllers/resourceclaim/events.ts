import type { Pod } from '@drydock/api/core/v1';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the resourceclaim loop, in Kubernetes' words. */
export function resourceClaimEvents(recorder: EventRecorder) {
  return {
    creationFailed: (pod: Pod, claim: string, error: string) =>
      recorder.event(pod, 'Warning', 'FailedResourceClaimCreation', `PodResourceClaim ${claim}: ${error}`),
  };
}
