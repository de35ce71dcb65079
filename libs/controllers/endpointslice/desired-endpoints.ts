import type { Node, Pod, Service } from '@drydock/api/core/v1';
import type { Endpoint, EndpointPort } from '@drydock/api/discovery/v1';
import { isPodReady } from '../shared/index.ts';
import {
  belongsInEndpoints,
  hostnameIn,
  podIpsOfFamily,
  podReference,
  targetPortIn,
} from '../shared-services/index.ts';

/** Endpoints that are reached at the same ports, and so may share slices. */
export interface EndpointGroup {
  readonly ports: EndpointPort[];
  /** By the Pod's uid. */
  readonly endpoints: Map<string, Endpoint>;
}

const zoneLabel = 'topology.kubernetes.io/zone';

/**
 * The endpoints of a Service's Pods in one address family, by the ports that its target ports are in each Pod (`portsKey`).
 * Pods are left out whose Node is not known: when that comes, it is time to look again.
 */
export function desiredEndpoints(
  service: Service,
  pods: readonly Pod[],
  family: 'IPv4' | 'IPv6',
  nodeOf: (name: string) => Node | undefined,
): Map<string, EndpointGroup> {
  const publishNotReady = service.spec?.publishNotReadyAddresses === true;
  const groups = new Map<string, EndpointGroup>();
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, true)) continue;
    const addresses = podIpsOfFamily(pod, family);
    if (addresses.length === 0) continue;
    const node = nodeOf(pod.spec?.nodeName ?? '');
    if (!node && !publishNotReady) continue;
    const ports = portsIn(pod, service);
    const key = portsKey(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: new Map() }));
    group.endpoints.set(pod.metadata.uid ?? '', endpointOf(pod, addresses, node, service, publishNotReady));
  }
  return groups;
}

/** Names a set of ports whatever their order; '' for none. */
export function portsKey(ports: readonly EndpointPort[] | undefined): string {
  const texts = (ports ?? []).map(
    (one) => `${one.name ?? ''}|${one.protocol}|${one.port}|${one.appProtocol ?? ''}`,
  );
  return texts.sort().join(';');
}

function portsIn(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const number = targetPortIn(pod, servicePort);
    if (number === undefined) continue;
    const port: EndpointPort = {
      name: servicePort.name ?? '',
      protocol: servicePort.protocol ?? 'TCP',
      port: number,
    };
    if (servicePort.appProtocol !== undefined) port.appProtocol = servicePort.appProtocol;
    ports.push(port);
  }
  return ports;
}

function endpointOf(
  pod: Pod,
  addresses: string[],
  node: Node | undefined,
  service: Service,
  publishNotReady: boolean,
): Endpoint {
  const serving = isPodReady(pod);
  const terminating = Boolean(pod.metadata.deletionTimestamp);
  const endpoint: Endpoint = {
    addresses,
    conditions: { ready: publishNotReady || (serving && !terminating), serving, terminating },
  };
  const hostname = hostnameIn(pod, service);
  if (hostname !== undefined) endpoint.hostname = hostname;
  endpoint.targetRef = podReference(pod);
  if (pod.spec?.nodeName) endpoint.nodeName = pod.spec.nodeName;
  const zone = node?.metadata.labels?.[zoneLabel];
  if (zone) endpoint.zone = zone;
  return endpoint;
}
