import type { Pod } from '../gen/core/v1.ts';
import { declaredByContainers, podLevel } from '../quota/index.ts';

type Amounts = Record<string, string>;

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isEmpty = (list: Amounts | undefined): boolean => Object.keys(list ?? {}).length === 0;

/** Adds to `into` what it lacks of `from`, where `wanted`. */
function complete(
  into: Amounts | undefined,
  from: Iterable<readonly [name: string, amount: { toString(): string }]>,
  wanted: (name: string) => boolean,
): Amounts | undefined {
  const all = { ...into };
  for (const [name, amount] of from)
    if (podLevel(name) && wanted(name) && all[name] === undefined) all[name] = amount.toString();
  return isEmpty(all) ? into : all;
}

/**
 * What a Pod asks for as a whole, completed from its containers where it says a part of it itself (KEP-2837): huge pages'
 * limits, then requests, then limits that every container has.
 */
export function defaultPodLevelResources(pod: Pod): void {
  const resources = pod.spec?.resources;
  if (resources === undefined || (isEmpty(resources.limits) && isEmpty(resources.requests))) return;
  const requests = resources.requests;
  const containersLimits = declaredByContainers(pod, 'limits');
  const put = (which: 'limits' | 'requests', list: Amounts | undefined) => {
    if (list !== undefined) resources[which] = list;
  };
  put(
    'limits',
    complete(
      resources.limits,
      containersLimits,
      (name) => isHugePages(name) && requests?.[name] === undefined,
    ),
  );
  if (!isEmpty(resources.limits)) {
    put(
      'requests',
      complete(resources.requests, declaredByContainers(pod, 'requests'), (name) => !isHugePages(name)),
    );
    put(
      'requests',
      complete(resources.requests, Object.entries(resources.limits ?? {}), () => true),
    );
  }
  if (!isEmpty(resources.limits)) return;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const everywhere = (name: string) =>
    containers.every((container) => container.resources?.limits?.[name] !== undefined);
  put(
    'limits',
    complete(resources.limits, containersLimits, (name) => !isHugePages(name) && everywhere(name)),
  );
}
