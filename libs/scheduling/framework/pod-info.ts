import type { Container, ContainerStatus, Pod, PodAffinityTerm } from '@drydock/api/core/v1';
import { isResizeInfeasible } from '@drydock/api/quota';
import {
  nothing,
  objectKey,
  parseQuantity,
  selectorFromLabelSelector,
  type LabelMatcher,
  type LabelSelector,
} from '@drydock/base/apimachinery';
import type { AffinityTerm, HostPort, PodInfo, Resources } from './types.ts';

/** Reads an amount: cpu as millicores, everything else rounded up to whole units. */
export function amount(resource: string, quantity: string | number): number {
  const parsed = parseQuantity(String(quantity));
  return resource === 'cpu' ? Number(parsed.milliValue()) : Number(parsed.value());
}

const noAmounts: ReadonlyMap<string, number> = new Map();

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

type ContainerRequests = (container: Container, keeps: boolean) => Map<string, number>;

/**
 * What containers ask for while they are resized in place (KEP-1287): the most of what is wanted, what is in force and
 * what the node has promised; without what is wanted where the node can never have it.
 */
function requestsByContainer(pod: Pod, missing: Resources): ContainerRequests {
  const { status } = pod;
  const known = new Map<string, ContainerStatus>();
  for (const list of [status?.containerStatuses, status?.initContainerStatuses])
    for (const one of list ?? []) if (one.resources !== undefined) known.set(one.name, one);
  const hopeless = known.size > 0 && isResizeInfeasible(pod);
  return ({ name, resources }, keeps) => {
    const told = keeps ? known.get(name) : undefined;
    const needs = hopeless && told !== undefined ? new Map<string, number>() : amounts(resources?.requests);
    if (told !== undefined) {
      raiseTo(needs, amounts(told.resources?.requests));
      raiseTo(needs, amounts(told.allocatedResources));
    }
    for (const [resource, value] of missing) if (!needs.has(resource)) needs.set(resource, value);
    return needs;
  };
}

function raiseTo(into: Map<string, number>, from: Resources): void {
  for (const [name, value] of from) if (value > (into.get(name) ?? -1)) into.set(name, value);
}

/**
 * What the whole Pod needs: the sum of its containers and of the init containers that keep running beside them
 * (restartPolicy Always), or the greatest moment of the init phase, whichever is more; plus the overhead.
 * Pod-level requests, where given, take the place of the sum. Resources that a container does not name count as in
 * `missing`. (KEP-753, KEP-2837)
 */
export function podRequests(pod: Pod, missing: Resources = noAmounts): Map<string, number> {
  const asked = requestsByContainer(pod, missing);
  const total = new Map<string, number>();
  for (const container of pod.spec?.containers ?? []) addTo(total, asked(container, true));
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of pod.spec?.initContainers ?? []) {
    const sidecar = container.restartPolicy === 'Always';
    const needs = asked(container, sidecar);
    if (sidecar) {
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

/** Kubernetes counts these for containers that ask for nothing, so that such Pods spread too. */
const defaultRequests: Resources = new Map([
  ['cpu', 100],
  ['memory', 200 * 1024 * 1024],
]);

const first = ['cpu', 'memory', 'ephemeral-storage'];

function ordered(requests: ReadonlyMap<string, number>): Map<string, number> {
  const result = new Map<string, number>();
  for (const name of [...first, ...[...requests.keys()].filter((key) => !first.includes(key)).sort()]) {
    const value = requests.get(name) ?? 0;
    if (value !== 0) result.set(name, value);
  }
  return result;
}

/** The host ports that a Pod takes; those of init containers only where they run on. */
export function hostPorts(pod: Pod): HostPort[] {
  const ports: HostPort[] = [];
  const visit = (container: Container) => {
    for (const port of container.ports ?? []) {
      if (port.hostPort === undefined || port.hostPort <= 0) continue;
      ports.push({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol || 'TCP', port: port.hostPort });
    }
  };
  pod.spec?.containers?.forEach(visit);
  for (const container of pod.spec?.initContainers ?? [])
    if (container.restartPolicy === 'Always') visit(container);
  return ports;
}

/** A label selector with the requirements that matchLabelKeys and mismatchLabelKeys stand for (KEP-3243, KEP-3633). */
export function withLabelKeys(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
  keys: readonly string[] | undefined,
  mismatchKeys?: readonly string[],
): LabelMatcher {
  if (selector === undefined) return nothing;
  const more = (names: readonly string[] | undefined, operator: string) =>
    (names ?? []).flatMap((key) => {
      const value = labels?.[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const extra = [...more(keys, 'In'), ...more(mismatchKeys, 'NotIn')];
  if (extra.length === 0) return selectorFromLabelSelector(selector);
  return selectorFromLabelSelector({
    ...selector,
    matchExpressions: [...(selector.matchExpressions ?? []), ...extra],
  });
}

function affinityTerm(term: PodAffinityTerm, pod: Pod, problems: string[], weight = 1): AffinityTerm {
  const named = term.namespaces ?? [];
  /** Objects of old may hold selectors that none can be made of now: these match nothing. */
  const compiled = (make: () => LabelMatcher): LabelMatcher => {
    try {
      return make();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return nothing;
    }
  };
  const { namespaceSelector } = term;
  return {
    topologyKey: term.topologyKey,
    selector: compiled(() =>
      withLabelKeys(term.labelSelector, pod.metadata.labels, term.matchLabelKeys, term.mismatchLabelKeys),
    ),
    namespaces: new Set(
      named.length === 0 && namespaceSelector === undefined ? [pod.metadata.namespace ?? ''] : named,
    ),
    namespaceSelector:
      namespaceSelector === undefined
        ? undefined
        : compiled(() => selectorFromLabelSelector(namespaceSelector)),
    weight,
  };
}

/** The claim that a generic ephemeral volume has. */
export function ephemeralClaimName(pod: Pod, volume: string): string {
  return `${pod.metadata.name ?? ''}-${volume}`;
}

function claims(pod: Pod): string[] {
  const names: string[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.persistentVolumeClaim !== undefined) names.push(volume.persistentVolumeClaim.claimName);
    else if (volume.ephemeral !== undefined) names.push(ephemeralClaimName(pod, volume.name));
  }
  return names;
}

const none: readonly never[] = [];

/** Derives what scheduling needs to know of a Pod. */
export function podInfo(pod: Pod): PodInfo {
  const affinity = pod.spec?.affinity?.podAffinity;
  const anti = pod.spec?.affinity?.podAntiAffinity;
  const requests = ordered(podRequests(pod));
  const nonZero = podRequests(pod, defaultRequests);
  const problems: string[] = [];
  const required = (terms: readonly PodAffinityTerm[] | undefined) =>
    terms === undefined ? none : terms.map((term) => affinityTerm(term, pod, problems));
  const preferred = (terms: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined) =>
    terms === undefined
      ? none
      : terms.map(({ weight, podAffinityTerm }) => affinityTerm(podAffinityTerm, pod, problems, weight));
  return {
    pod,
    key: objectKey(pod),
    namespace: pod.metadata.namespace ?? '',
    priority: pod.spec?.priority ?? 0,
    requests,
    cpu: requests.get('cpu') ?? 0,
    memory: requests.get('memory') ?? 0,
    nonZeroCpu: nonZero.get('cpu') ?? 0,
    nonZeroMemory: nonZero.get('memory') ?? 0,
    hostPorts: hostPorts(pod),
    requiredAffinity: required(affinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(anti?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(affinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(anti?.preferredDuringSchedulingIgnoredDuringExecution),
    claims: claims(pod),
    problems,
  };
}
