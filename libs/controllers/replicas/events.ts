import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the replica loops, in Kubernetes' words. */
export function replicaEvents(recorder: EventRecorder) {
  return {
    created: (owner: KubeObject, pod: KubeObject) =>
      recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
    createFailed: (owner: KubeObject, error: Error) =>
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`),
    deleted: (owner: KubeObject, pod: KubeObject) =>
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
    deleteFailed: (owner: KubeObject, error: Error) =>
      recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${error.message}`),
  };
}
