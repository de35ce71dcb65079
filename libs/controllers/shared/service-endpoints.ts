import type { Pod, Service, ServicePort } from '@drydock/api/core/v1';
import { selectorFromSet } from '@drydock/base/apimachinery';
import { isPodReady, isPodTerminal } from './pods.ts';

/** A Pod behind a Service. */
export interface ServicePod {
  readonly pod: Pod;
  readonly ip: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** The Pods of a Service that have an address, in order of address. Empty where there is no selector. */
export function podsBehind(service: Service, pods: readonly Pod[]): ServicePod[] {
  const selector = service.spec?.selector;
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  const matcher = selectorFromSet(selector);
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const found: ServicePod[] = [];
  for (const pod of pods) {
    const ip = pod.status?.podIP;
    if (!ip || !matcher.matches(pod.metadata.labels) || isPodTerminal(pod)) continue;
    const serving = isPodReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    found.push({ pod, ip, serving, terminating, ready: publishAll || (serving && !terminating) });
  }
  return found.sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0));
}

/** The number that a Service's port has on a Pod: the target port itself, or the container port of that name. */
export function targetPortOn(pod: Pod, port: ServicePort): number | undefined {
  const { targetPort } = port;
  if (typeof targetPort === 'number') return targetPort === 0 ? port.port : targetPort;
  if (targetPort === undefined || targetPort === '') return port.port;
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const candidate of container.ports ?? []) {
      if (candidate.name === targetPort && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
        return candidate.containerPort;
    }
  }
  return undefined;
}

/** Pods with the same numbers for all of a Service's ports, together; `key` tells the groups apart. */
export interface PortGroup {
  readonly key: string;
  readonly ports: readonly { readonly port: ServicePort; readonly number: number }[];
  readonly pods: readonly ServicePod[];
}

export function groupByPorts(service: Service, pods: readonly ServicePod[]): PortGroup[] {
  const groups = new Map<string, { ports: { port: ServicePort; number: number }[]; pods: ServicePod[] }>();
  for (const one of pods) {
    const ports = (service.spec?.ports ?? []).flatMap((port) => {
      const number = targetPortOn(one.pod, port);
      return number === undefined ? [] : [{ port, number }];
    });
    // A Service with ports of which the Pod has none does not reach it.
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const key = ports
      .map(({ port, number }) => `${port.name ?? ''}:${port.protocol ?? 'TCP'}:${number}`)
      .join(',');
    const group = groups.get(key) ?? { ports, pods: [] };
    group.pods.push(one);
    groups.set(key, group);
  }
  return [...groups].map(([key, group]) => ({ key, ...group })).sort((a, b) => (a.key < b.key ? -1 : 1));
}
