import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the endpointslice loop, in Kubernetes' words. */
export function endpointSliceEvents(recorder: EventRecorder) {
  const hints = (
    service: KubeObject,
    type: 'Normal' | 'Warning',
    reason: string,
    text: string,
    family: string,
  ) => recorder.event(service, type, `TopologyAwareHints${reason}`, `${text}, addressType: ${family}`);
  return {
    hintsEnabled: (service: KubeObject, family: string) =>
      hints(service, 'Normal', 'Enabled', 'Topology Aware Hints has been enabled', family),
    hintsDisabled: (service: KubeObject, family: string, why = 'Topology Aware Hints has been disabled') =>
      hints(service, 'Warning', 'Disabled', why, family),
    updateFailed: (service: KubeObject, error: Error) =>
      recorder.event(
        service,
        'Warning',
        'FailedToUpdateEndpointSlices',
        `Error updating Endpoint Slices for Service ${service.metadata.namespace}/${service.metadata.name}: ${error.message}`,
      ),
  };
}
