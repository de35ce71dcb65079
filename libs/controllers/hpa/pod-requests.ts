import { parseQuantity } from '@drydock/base/apimachinery';
import type { Container, Pod } from '@drydock/api/core/v1';
import { addAmounts, amountsOf, declaredByContainers, podLevel } from '@drydock/api/quota';

const milli = (quantity: string) => parseQuantity(quantity).milliValue();

/** Does a Pod ask for something as a whole? Then what it asks for is told by that, for every resource. */
function asksAsAWhole({ spec }: Pod): boolean {
  return Object.keys(spec?.resources?.requests ?? {}).some(podLevel);
}

function ofContainers(pod: Pod, container: string | undefined, resource: string): number {
  const { name: podName = '' } = pod.metadata;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const all: readonly Container[] = [...(pod.spec?.containers ?? []), ...sidecars];
  const meant = container === undefined ? all : all.filter(({ name }) => name === container);
  if (container !== undefined && meant.length === 0)
    throw new Error(`container ${container} not found in Pod ${podName}`);
  let sum = 0;
  for (const { name, resources } of meant) {
    const request = resources?.requests?.[resource];
    if (request === undefined)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${podName}`);
    sum += milli(request);
  }
  return sum;
}

function ofPod(pod: Pod, resource: string): number {
  const requests = declaredByContainers(pod, 'requests');
  for (const [name, amount] of amountsOf(pod.spec?.resources?.requests))
    if (podLevel(name)) requests.set(name, amount);
  addAmounts(requests, amountsOf(pod.spec?.overhead));
  const request = requests.get(resource);
  if (request === undefined)
    throw new Error(`missing pod-level request for ${resource} in Pod ${pod.metadata.name ?? ''}`);
  return request.milliValue();
}

/**
 * What each Pod asks for of a resource, in milli-units, by name: what the Pod as a whole asks for where it does and no
 * container is meant, otherwise what its containers and sidecars do.
 * @throws Error where something asks for nothing, or lacks the container
 */
export function podRequests(
  pods: readonly Pod[],
  container: string | undefined,
  resource: string,
): Map<string, number> {
  return new Map(
    pods.map((pod) => [
      pod.metadata.name ?? '',
      container === undefined && asksAsAWhole(pod)
        ? ofPod(pod, resource)
        : ofContainers(pod, container, resource),
    ]),
  );
}
