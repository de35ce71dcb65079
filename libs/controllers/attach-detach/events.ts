import type { Pod } from '@drydock/api/core/v1';
import type { EventRecorder } from '@drydock/machinery/controller';
import { multiAttachMessage } from './decisions.ts';

/** The events of the attach-detach loop, in Kubernetes' words. */
export function attachEvents(recorder: EventRecorder) {
  return {
    attached: (pods: readonly Pod[], volume: string) => {
      const message = `AttachVolume.Attach succeeded for volume "${volume}" `;
      for (const pod of pods) recorder.event(pod, 'Normal', 'SuccessfulAttachVolume', message);
    },
    failed: (pods: readonly Pod[], volume: string, error: string) => {
      const message = `AttachVolume.Attach failed for volume "${volume}" : ${error}`;
      for (const pod of pods) recorder.event(pod, 'Warning', 'FailedAttachVolume', message);
    },
    /** @param users Pods that use the volume on other nodes */
    attachedElsewhere: (pods: readonly Pod[], volume: string, users: readonly Pod[]) => {
      for (const pod of pods)
        recorder.event(pod, 'Warning', 'FailedAttachVolume', multiAttachMessage(volume, pod, users));
    },
  };
}
