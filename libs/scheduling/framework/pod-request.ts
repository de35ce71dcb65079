import type { Container, Pod } from '@drydock/api/core/v1';
import { controllerOf, objectKey, parseQuantity } from '@drydock/base/apimachinery';
import type { HostPort, PodRequest, Resources } from './types.ts';

/** Reads an amount: cpu as millicores, everything else rounded up to whole units. */
export function amount(resource: string, quantity: string | number): number {
  const parsed = parseQuantity(String(quantity));
  return resource === 'cpu' ? Number(parsed.milliValue()) : Number(parsed.value());
}

/** Reads a whole resource list. */
export function amounts(list: Readonly<Record<string, string>> | undefined): Map<string, number> {
  const result = new Map<string, number>();
  for (const [name, quantity] of Object.entries(list ?? {})) result.set(name, amount(name, quantity));
  return result;
}

/** `into += from`. */
export function addTo(into: Map<string, number>, from: Resources, sign: 1 | -1 = 1): void {
  for (const [name, value] of from) into.set(name, (into.get(name) ?? 0) + sign * value);
}

function raiseTo(into: Map<string, number>, from: Resources): void {
  for (const [name, value] of from) if (value > (into.get(name) ?? 0)) into.set(name, value);
}

/**
 * What the whole Pod needs: the sum of its containers and of the init containers that keep running beside them
 * (restartPolicy Always), or the greatest moment of the init phase, whichever is more; plus the overhead.
 * Pod-level requests, where given, take the place of the sum. (KEP-753, KEP-2837)
 */
export function podRequests(pod: Pod): Map<string, number> {
  const total = new Map<string, number>();
  for (const container of pod.spec?.containers ?? []) addTo(total, amounts(container.resources?.requests));
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of pod.spec?.initContainers ?? []) {
    const needs = amounts(container.resources?.requests);
    if (container.restartPolicy === 'Always') {
      addTo(sidecars, needs);
      addTo(total, needs);
      raiseTo(peak, sidecars);
    } else {
      addTo(needs, sidecars);
      raiseTo(peak, needs);
    }
  }
  raiseTo(total, peak);
  for (const [name, value] of amounts(pod.spec?.resources?.requests)) total.set(name, value);
  addTo(total, amounts(pod.spec?.overhead));
  return total;
}

function hostPorts(pod: Pod): HostPort[] {
  const ports: HostPort[] = [];
  const visit = (container: Container) => {
    for (const port of container.ports ?? []) {
      if (port.hostPort === undefined || port.hostPort <= 0) continue;
      ports.push({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol ?? 'TCP', port: port.hostPort });
    }
  };
  pod.spec?.containers?.forEach(visit);
  for (const container of pod.spec?.initContainers ?? [])
    if (container.restartPolicy === 'Always') visit(container);
  return ports;
}

/** Derives what scheduling needs to know of a Pod. */
export function podRequest(pod: Pod): PodRequest {
  const owner = controllerOf(pod);
  return {
    pod,
    key: objectKey(pod),
    requests: podRequests(pod),
    hostPorts: hostPorts(pod),
    owner: owner === undefined ? undefined : `${pod.metadata.namespace ?? ''}/${owner.uid}`,
  };
}
