import type { KubeObject } from '@drydock/base/apimachinery';
import type { EventRecorder } from '@drydock/machinery/controller';
import { maxPerSubset } from './mirror.ts';

/** The events of the mirroring loop, in Kubernetes' words. */
export function mirroringEvents(recorder: EventRecorder) {
  return {
    leftOut(endpoints: KubeObject, { invalid, skipped }: { invalid: number; skipped: number }) {
      if (invalid > 0)
        recorder.event(
          endpoints,
          'Warning',
          'InvalidIPAddress',
          `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`,
        );
      if (skipped > invalid)
        recorder.event(
          endpoints,
          'Warning',
          'TooManyAddressesToMirror',
          `A max of ${maxPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
        );
    },
  };
}
