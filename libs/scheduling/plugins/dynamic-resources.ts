import { skip, unresolvable, unschedulable, type Plugin } from '../framework/index.ts';

/**
 * Stands where kube-scheduler allocates devices (KEP-4381): a Pod with resource claims waits, since nothing here
 * allocates them; one without is no concern of it. Its words are part of each unschedulable message.
 */
export const dynamicResources: Plugin = {
  name: 'DynamicResources',
  preFilter(_, { pod }) {
    const claims = pod.spec?.resourceClaims ?? [];
    return { status: claims.length === 0 ? skip : unresolvable('cannot allocate all claims') };
  },
  postFilter: () => ({ status: unschedulable('no new claims to deallocate') }),
  events: [],
};
