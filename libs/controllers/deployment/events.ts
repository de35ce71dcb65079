import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the deployment loop, in Kubernetes' words. */
export function deploymentEvents(recorder: EventRecorder) {
  return {
    scaled(deployment: KubeObject, replicaSet: string, from: number, to: number) {
      const direction = from < to ? 'up' : 'down';
      const message = `Scaled ${direction} replica set ${replicaSet} from ${from} to ${to}`;
      recorder.event(deployment, 'Normal', 'ScalingReplicaSet', message);
    },
    selectsAll(deployment: KubeObject) {
      const message = 'This deployment is selecting all pods. A non-empty selector is required.';
      recorder.event(deployment, 'Warning', 'SelectingAll', message);
    },
    createFailed: (deployment: KubeObject, message: string) =>
      recorder.event(deployment, 'Warning', 'ReplicaSetCreateError', message),
  };
}

export type DeploymentEvents = ReturnType<typeof deploymentEvents>;
