import type { Endpoint, EndpointPort } from '@drydock/api/discovery/v1';
import type { Node, Service } from '@drydock/api/core/v1';
import { groupByPorts, type ServicePod } from '../shared/index.ts';

/** Endpoints in one slice at most. */
export const maxEndpoints = 100;

export interface SliceContent {
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

const zoneLabel = 'topology.kubernetes.io/zone';

function endpoint(
  { pod, ip, ready, serving, terminating }: ServicePod,
  service: Service,
  zoneOf: (node: string) => Node | undefined,
): Endpoint {
  const { name, namespace, uid } = pod.metadata;
  const nodeName = pod.spec?.nodeName;
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName)?.metadata.labels?.[zoneLabel];
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(pod.spec?.hostname && pod.spec.subdomain === service.metadata.name
      ? { hostname: pod.spec.hostname }
      : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
  };
}

/** What the slices of a Service should hold: Pods with the same ports together, at most 100 in one slice. */
export function sliceContents(
  service: Service,
  pods: readonly ServicePod[],
  nodeOf: (name: string) => Node | undefined,
): SliceContent[] {
  const contents: SliceContent[] = [];
  for (const { ports, pods: group } of groupByPorts(service, pods)) {
    const slicePorts = ports.map(({ port, number }) => ({
      name: port.name ?? '',
      port: number,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
    }));
    for (let at = 0; at < group.length; at += maxEndpoints) {
      const endpoints = group.slice(at, at + maxEndpoints).map((one) => endpoint(one, service, nodeOf));
      contents.push({ ports: slicePorts, endpoints });
    }
  }
  // A Service without Pods has one empty slice.
  return contents.length === 0 ? [{ ports: [], endpoints: [] }] : contents;
}
