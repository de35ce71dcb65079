import { isIpv6 } from '@drydock/base/apimachinery';
import type { ContainerPort, ObjectReference, Pod, Service, ServicePort } from '@drydock/api/core/v1';
import { isPodTerminal } from '../shared/index.ts';

export const headlessLabel = 'service.kubernetes.io/headless';
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/** Has an address that may be published: not finished, and not on its way out unless `includeTerminating`. */
export function belongsInEndpoints(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || podIps(pod).length === 0) return false;
  return includeTerminating || !pod.metadata.deletionTimestamp;
}

function podIps(pod: Pod): string[] {
  const many = (pod.status?.podIPs ?? []).map(({ ip }) => ip ?? '').filter((ip) => ip !== '');
  if (many.length > 0) return many;
  return pod.status?.podIP ? [pod.status.podIP] : [];
}

export function podIpsOfFamily(pod: Pod, family: 'IPv4' | 'IPv6'): string[] {
  return podIps(pod).filter((ip) => isIpv6(ip) === (family === 'IPv6'));
}

/** The address families that the Service publishes; both for a headless one that names none. */
export function familiesOf(service: Service): ('IPv4' | 'IPv6')[] {
  const declared = service.spec?.ipFamilies?.filter((one) => one === 'IPv4' || one === 'IPv6') ?? [];
  if (declared.length > 0) return declared as ('IPv4' | 'IPv6')[];
  const { clusterIP } = service.spec ?? {};
  if (!clusterIP || clusterIP === 'None') return ['IPv4', 'IPv6'];
  return isIpv6(clusterIP) ? ['IPv6'] : ['IPv4'];
}

/** Whether Pods of the Service get endpoints from us: it has a selector and is not an alias of a name. */
export function isSelecting(service: Service): boolean {
  return service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0;
}

/** Whether the Service has an IP of its own. */
export function hasClusterIp(service: Service): boolean {
  return Boolean(service.spec?.clusterIP) && service.spec?.clusterIP !== 'None';
}

/** The number of a Service's target port in one Pod; undefined where no container (or sidecar) has a port of the name. */
export function targetPortIn(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const protocol = port.protocol ?? 'TCP';
  const sidecars = (pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always');
  const wanted = (one: ContainerPort) => one.name === target && (one.protocol ?? 'TCP') === protocol;
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find(wanted);
    if (found) return found.containerPort;
  }
  return undefined;
}

/** The host name that the Pod's address has within the Service's domain. */
export function hostnameIn(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata.name ? hostname : undefined;
}

export function podReference(pod: Pod): ObjectReference {
  const { name, namespace, uid } = pod.metadata;
  const reference: ObjectReference = { kind: 'Pod' };
  if (namespace !== undefined) reference.namespace = namespace;
  if (name !== undefined) reference.name = name;
  if (uid !== undefined) reference.uid = uid;
  return reference;
}
