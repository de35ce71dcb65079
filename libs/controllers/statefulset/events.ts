import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the stateful loop, in Kubernetes' words. */
export function statefulSetEvents(recorder: EventRecorder) {
  const reason = (verb: string, failed: boolean) =>
    `${failed ? 'Failed' : 'Successful'}${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
  const record = (set: KubeObject, verb: string, message: string, error: unknown) =>
    recorder.event(
      set,
      error === undefined ? 'Normal' : 'Warning',
      reason(verb, error !== undefined),
      message,
    );
  const text = (error: unknown) => (error instanceof Error ? error.message : String(error));
  return {
    pod(verb: 'create' | 'update' | 'delete', set: KubeObject, pod: KubeObject, error?: unknown) {
      const what = `${verb} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
      const message = error === undefined ? `${what} successful` : `${what} failed error: ${text(error)}`;
      record(set, verb, message, error);
    },
    claim(verb: 'create', set: KubeObject, pod: KubeObject, claim: KubeObject, error?: unknown) {
      const [claimName, podName, setName] = [claim, pod, set].map((one) => one.metadata.name);
      const message =
        error === undefined
          ? `${verb} Claim ${claimName} Pod ${podName} in StatefulSet ${setName} success`
          : `${verb} Claim ${claimName} for Pod ${podName} in StatefulSet ${setName} failed error: ${text(error)}`;
      record(set, verb, message, error);
    },
  };
}
