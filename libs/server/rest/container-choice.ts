import { badRequest } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';

/** The container that a subresource of a Pod means. The default-container annotation is a matter of clients, not of the API. */
export function chooseContainer(pod: Pod, wanted: string | undefined): string {
  const name = pod.metadata.name ?? '';
  const inits = (pod.spec?.initContainers ?? []).map((container) => container.name);
  const mains = (pod.spec?.containers ?? []).map((container) => container.name);
  const ephemeral = (pod.spec?.ephemeralContainers ?? []).map((container) => container.name);
  if (wanted !== undefined && wanted !== '') {
    if (![...mains, ...inits, ...ephemeral].includes(wanted))
      throw badRequest(`container ${wanted} is not valid for pod ${name}`);
    return wanted;
  }
  const [only] = mains;
  if (mains.length === 1 && only !== undefined) return only;
  const parts = [`choose one of: [${mains.join(' ')}]`];
  if (inits.length > 0) parts.push(`or one of the init containers: [${inits.join(' ')}]`);
  throw badRequest(`a container name must be specified for pod ${name}, ${parts.join(' ')}`);
}
