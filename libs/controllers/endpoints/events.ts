import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the endpoints loop, in Kubernetes' words. */
export function endpointsEvents(recorder: EventRecorder) {
  return {
    createFailed: (endpoints: KubeObject, service: string, error: Error) =>
      recorder.event(
        endpoints,
        'Warning',
        'FailedToCreateEndpoint',
        `Failed to create endpoint for service ${service}: ${error.message}`,
      ),
    updateFailed: (endpoints: KubeObject, service: string, error: Error) =>
      recorder.event(
        endpoints,
        'Warning',
        'FailedToUpdateEndpoint',
        `Failed to update endpoint ${service}: ${error.message}`,
      ),
  };
}
