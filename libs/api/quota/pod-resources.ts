import type { Container, ContainerStatus, Pod } from '../gen/core/v1.ts';
import type { Quantity } from '@drydock/base/apimachinery';
import { addAmounts, amountsOf, raiseAmounts, type Amounts } from './resource-amounts.ts';

/** Resources for which pod-level values take the place of the containers' sum (KEP-2837). */
export const podLevel = (name: string) =>
  name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

type Of = (container: Container, status: ContainerStatus | undefined, pod: Pod) => Amounts;

/** The node has said that it will never be able to resize the Pod: what is wanted does not count then (KEP-1287). */
export function isResizeInfeasible({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  );
}

/** Requests of a container; while a resize is under way the greatest of what it wants, has and was promised (KEP-1287). */
const requestsOf: Of = (container, status, pod) => {
  const wanted = amountsOf(container.resources?.requests);
  if (status?.resources === undefined) return wanted;
  const result = isResizeInfeasible(pod) ? new Map<string, Quantity>() : wanted;
  raiseAmounts(result, amountsOf(status.resources.requests));
  raiseAmounts(result, amountsOf(status.allocatedResources));
  return result;
};

const limitsOf: Of = (container, status, pod) => {
  const wanted = amountsOf(container.resources?.limits);
  if (status?.resources === undefined) return wanted;
  const result = isResizeInfeasible(pod) ? new Map<string, Quantity>() : wanted;
  raiseAmounts(result, amountsOf(status.resources.limits));
  return result;
};

/** The sum of the containers and sidecars, or the greatest moment of the init phase where that is more. */
function aggregate(pod: Pod, of: Of): Map<string, Quantity> {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const amounts = (container: Container, statuses: readonly ContainerStatus[]) =>
    of(
      container,
      statuses.find(({ name }) => name === container.name),
      pod,
    );
  const total = new Map<string, Quantity>();
  for (const container of pod.spec?.containers ?? [])
    addAmounts(total, amounts(container, containerStatuses));
  const sidecars = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      const needs = amounts(container, initContainerStatuses);
      addAmounts(total, needs);
      addAmounts(sidecars, needs);
      raiseAmounts(peak, sidecars);
    } else {
      // One that ends is never resized.
      const needs = new Map(amounts(container, []));
      addAmounts(needs, sidecars);
      raiseAmounts(peak, needs);
    }
  }
  raiseAmounts(total, peak);
  return total;
}

/** What the containers of a Pod declare together, at the moment that needs most; statuses and pod-level values aside. */
export function declaredByContainers(pod: Pod, which: 'requests' | 'limits'): Map<string, Quantity> {
  return aggregate(pod, ({ resources }) => amountsOf(resources?.[which]));
}

/** What a Pod asks for in all, its overhead included. */
export function podRequests(pod: Pod): Map<string, Quantity> {
  const total = aggregate(pod, requestsOf);
  for (const [name, amount] of amountsOf(pod.spec?.resources?.requests))
    if (podLevel(name)) total.set(name, amount);
  addAmounts(total, amountsOf(pod.spec?.overhead));
  return total;
}

/** The most that a Pod may use; the overhead raises limits that there are. */
export function podLimits(pod: Pod): Map<string, Quantity> {
  const total = aggregate(pod, limitsOf);
  for (const [name, amount] of amountsOf(pod.spec?.resources?.limits))
    if (podLevel(name)) total.set(name, amount);
  for (const [name, amount] of amountsOf(pod.spec?.overhead)) {
    const limit = total.get(name);
    if (limit !== undefined && !limit.isZero()) total.set(name, limit.add(amount));
  }
  return total;
}
