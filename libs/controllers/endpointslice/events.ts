import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the endpointslice loop, in Kubernetes' words. */
export function endpointSliceEvents(recorder: EventRecorder) {
  return {
    updateFailed: (service: KubeObject, error: Error) =>
      recorder.event(
        service,
        'Warning',
        'FailedToUpdateEndpointSlices',
        `Error updating Endpoint Slices for Service ${service.metadata.namespace}/${service.metadata.name}: ${error.message}`,
      ),
  };
}
