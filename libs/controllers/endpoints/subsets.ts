import { isIpv6, parseIp } from '@drydock/base/apimachinery';
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '@drydock/api/core/v1';
import { isPodReady } from '../shared/index.ts';
import {
  belongsInEndpoints,
  familiesOf,
  hasClusterIp,
  hostnameIn,
  podIpsOfFamily,
  podReference,
  targetPortIn,
} from '../shared-services/index.ts';

/** Most addresses that one Endpoints object holds. */
const capacity = 1000;

/** The subsets of a Service's Pods in canonical order: ports with the same addresses together, addresses by IP. */
export function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const publishNotReady = service.spec?.publishNotReadyAddresses === true;
  const loose: EndpointSubset[] = [];
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, publishNotReady)) continue;
    const [ip] = podIpsOfFamily(pod, familyFor(service, pod));
    if (ip === undefined) continue;
    const address = addressOf(pod, ip, service);
    const list = publishNotReady || isPodReady(pod) ? 'addresses' : 'notReadyAddresses';
    const ports = service.spec?.ports ?? [];
    if (ports.length === 0 && !hasClusterIp(service)) loose.push({ [list]: [address] });
    for (const servicePort of ports) {
      const number = targetPortIn(pod, servicePort);
      if (number === undefined) continue;
      const port: EndpointPort = { port: number, protocol: servicePort.protocol ?? 'TCP' };
      if (servicePort.name) port.name = servicePort.name;
      if (servicePort.appProtocol !== undefined) port.appProtocol = servicePort.appProtocol;
      loose.push({ [list]: [address], ports: [port] });
    }
  }
  return repack(loose);
}

/** The one family that Endpoints show; of a headless Service that names none, the one that the Pod has first. */
function familyFor(service: Service, pod: Pod): 'IPv4' | 'IPv6' {
  if ((service.spec?.ipFamilies ?? []).length > 0 || hasClusterIp(service))
    return familiesOf(service)[0] ?? 'IPv4';
  return isIpv6(pod.status?.podIP ?? '') ? 'IPv6' : 'IPv4';
}

function addressOf(pod: Pod, ip: string, service: Service): EndpointAddress {
  const address: EndpointAddress = { ip };
  const hostname = hostnameIn(pod, service);
  if (hostname !== undefined) address.hostname = hostname;
  if (pod.spec?.nodeName) address.nodeName = pod.spec.nodeName;
  address.targetRef = podReference(pod);
  return address;
}

interface Placed {
  readonly address: EndpointAddress;
  ready: boolean;
}

/** Puts ports that have the same addresses into one subset, each subset once, all in canonical order. */
export function repack(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const byPort = new Map<string, { port: EndpointPort | undefined; placed: Map<string, Placed> }>();
  const place = (port: EndpointPort | undefined, address: EndpointAddress, ready: boolean) => {
    const portId = port ? `${port.name ?? ''}/${port.port}/${port.protocol}/${port.appProtocol ?? ''}` : '';
    let entry = byPort.get(portId);
    if (!entry) byPort.set(portId, (entry = { port, placed: new Map() }));
    const id = `${address.ip}/${address.targetRef?.uid ?? ''}`;
    const known = entry.placed.get(id);
    // Not ready trumps ready.
    if (known) known.ready &&= ready;
    else entry.placed.set(id, { address, ready });
  };
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    for (const port of ports.length > 0 ? ports : [undefined]) {
      for (const address of addresses) place(port, address, true);
      for (const address of notReadyAddresses) place(port, address, false);
    }
  }

  const groups = new Map<string, { ports: EndpointPort[]; placed: Placed[] }>();
  for (const { port, placed } of byPort.values()) {
    const sorted = [...placed].sort(
      ([a, one], [b, other]) => compareAddresses(one.address, other.address) || (a < b ? -1 : 1),
    );
    const id = sorted.map(([address, { ready }]) => `${address}=${ready}`).join(';');
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { ports: [], placed: sorted.map(([, one]) => one) }));
    if (port) group.ports.push(port);
  }
  const packed = [...groups.values()].map(({ ports, placed }): EndpointSubset => {
    const ready = placed.filter((one) => one.ready).map((one) => one.address);
    const notReady = placed.filter((one) => !one.ready).map((one) => one.address);
    return {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ...(ports.length > 0 ? { ports: ports.sort(comparePorts) } : {}),
    };
  });
  return packed.sort(compareSubsets);
}

function compareAddresses(a: EndpointAddress, b: EndpointAddress): number {
  const [left, right] = [ipValue(a.ip), ipValue(b.ip)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function ipValue(ip: string): bigint {
  return parseIp(ip)?.value ?? 0n;
}

function comparePorts(a: EndpointPort, b: EndpointPort): number {
  const [left, right] = [a.name ?? '', b.name ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.port - b.port || ((a.protocol ?? '') < (b.protocol ?? '') ? -1 : 1);
}

function compareSubsets(a: EndpointSubset, b: EndpointSubset): number {
  const first = ({ ports = [] }: EndpointSubset) => ports[0];
  const [left, right] = [first(a), first(b)];
  if (left && right) {
    const byPort = comparePorts(left, right);
    if (left.name !== right.name || left.port !== right.port) return byPort;
  }
  const [x, y] = [a.addresses?.[0] ?? a.notReadyAddresses?.[0], b.addresses?.[0] ?? b.notReadyAddresses?.[0]];
  return x && y ? compareAddresses(x, y) : 0;
}

/**
 * Cuts what an Endpoints object cannot hold, ready addresses last. Each subset keeps its share, rounded up as long as there
 * is room. Returns undefined when everything fits.
 */
export function truncated(subsets: readonly EndpointSubset[]): EndpointSubset[] | undefined {
  const count = (list: 'addresses' | 'notReadyAddresses') =>
    subsets.reduce((sum, subset) => sum + (subset[list]?.length ?? 0), 0);
  const [ready, others] = [count('addresses'), count('notReadyAddresses')];
  if (ready + others <= capacity) return undefined;
  const cutsReady = ready > capacity;
  const [room, total] = cutsReady ? [capacity, ready] : [capacity - ready, others];
  let left = room;
  const shareOf = <T>(list: readonly T[]): T[] => {
    const kept = list.slice(0, Math.min(left, Math.ceil((list.length / total) * room)));
    left -= kept.length;
    return kept;
  };
  return subsets
    .map(({ addresses = [], notReadyAddresses = [], ports }): EndpointSubset => {
      const kept = cutsReady ? shareOf(addresses) : addresses;
      const notReady = cutsReady ? [] : shareOf(notReadyAddresses);
      return {
        ...(kept.length > 0 ? { addresses: kept } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(ports ? { ports } : {}),
      };
    })
    .filter(({ addresses, notReadyAddresses }) => addresses || notReadyAddresses);
}
