import { objectKey, type KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the daemon loop, in Kubernetes' words. */
export function daemonSetEvents(recorder: EventRecorder) {
  return {
    selectsAll: (daemonSet: KubeObject) =>
      recorder.event(
        daemonSet,
        'Warning',
        'SelectingAll',
        'This daemon set is selecting all pods. A non-empty selector is required.',
      ),
    created: (owner: KubeObject, pod: KubeObject) =>
      recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
    createFailed: (owner: KubeObject, error: Error) =>
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`),
    deleted: (owner: KubeObject, pod: KubeObject) =>
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
    deleteFailed: (owner: KubeObject, error: Error) =>
      recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${error.message}`),
    failedPod: (owner: KubeObject, pod: KubeObject, node: string) =>
      recorder.event(
        owner,
        'Warning',
        'FailedDaemonPod',
        `Found failed daemon pod ${objectKey(pod)} on node ${node}, will try to kill it`,
      ),
    succeededPod: (owner: KubeObject, pod: KubeObject, node: string) =>
      recorder.event(
        owner,
        'Normal',
        'SucceededDaemonPod',
        `Found succeeded daemon pod ${objectKey(pod)} on node ${node}, will try to delete it`,
      ),
  };
}
