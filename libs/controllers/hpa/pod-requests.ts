import { parseQuantity } from '@drydock/base/apimachinery';
import type { Container, Pod } from '@drydock/api/core/v1';

const milli = (quantity: string) => parseQuantity(quantity).milliValue();

function ofContainers(pod: Pod, container: string | undefined, resource: string): number {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const all: readonly Container[] = [...(pod.spec?.containers ?? []), ...sidecars];
  let sum = 0;
  for (const { name, resources } of all) {
    if (container !== undefined && container !== name) continue;
    const request = resources?.requests?.[resource];
    if (request === undefined) {
      throw new Error(
        `missing request for ${resource} in container ${name} of Pod ${pod.metadata.name ?? ''}`,
      );
    }
    sum += milli(request);
  }
  return sum;
}

/**
 * What each Pod asks for of a resource, in milli-units, by name: the Pod's own request where it has one and no container
 * is meant, otherwise those of its containers and sidecars.
 * @throws Error where a container asks for nothing
 */
export function podRequests(
  pods: readonly Pod[],
  container: string | undefined,
  resource: string,
): Map<string, number> {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const own = container === undefined ? pod.spec?.resources?.requests?.[resource] : undefined;
    requests.set(
      pod.metadata.name ?? '',
      own === undefined ? ofContainers(pod, container, resource) : milli(own),
    );
  }
  return requests;
}
