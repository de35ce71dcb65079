import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the job loop, in Kubernetes' words. */
export function jobEvents(recorder: EventRecorder) {
  return {
    created: (owner: KubeObject, pod: KubeObject) =>
      recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
    createFailed: (owner: KubeObject, error: Error) =>
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`),
    deleted: (owner: KubeObject, pod: KubeObject) =>
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
    deleteFailed: (owner: KubeObject, error: Error) =>
      recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${error.message}`),
    unknownMode: (job: KubeObject) =>
      recorder.event(
        job,
        'Warning',
        'UnknownCompletionMode',
        'Skipped Job sync because completion mode is unknown',
      ),
    suspended: (job: KubeObject) => recorder.event(job, 'Normal', 'Suspended', 'Job suspended'),
    resumed: (job: KubeObject) => recorder.event(job, 'Normal', 'Resumed', 'Job resumed'),
    tooMany: (job: KubeObject) =>
      recorder.event(
        job,
        'Warning',
        'TooManySucceededPods',
        'Too many succeeded pods running after completion count reached',
      ),
    completed: (job: KubeObject) => recorder.event(job, 'Normal', 'Completed', 'Job completed'),
    failed: (job: KubeObject, reason: string, message: string) =>
      recorder.event(job, 'Warning', reason, message),
  };
}
