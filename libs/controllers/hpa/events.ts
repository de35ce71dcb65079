import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the autoscaler, in Kubernetes' words. */
export function autoscalerEvents(recorder: EventRecorder) {
  return {
    warn: (about: KubeObject, reason: string, message: string) =>
      recorder.event(about, 'Warning', reason, message),
    rescaled: (about: KubeObject, replicas: number, reason: string) =>
      recorder.event(about, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`),
    rescaleFailed: (about: KubeObject, replicas: number, reason: string, error: string) =>
      recorder.event(
        about,
        'Warning',
        'FailedRescale',
        `New size: ${replicas}; reason: ${reason}; error: ${error}`,
      ),
  };
}
