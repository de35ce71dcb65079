import type { PolicyRule } from '@drydock/api/rbac/v1';

const groupName = (name: string): string => (name === 'core' ? '' : name);

/** Verbs, API groups (`core` is the one without a name), resources and names, each a list between spaces. */
export function can(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    apiGroups: groups.split(' ').map(groupName),
    resources: resources.split(' '),
    verbs: verbs.split(' '),
    ...(names === undefined ? {} : { resourceNames: names.split(' ') }),
  };
}

/** What may be asked of paths that are no resources. */
export function canAsk(verbs: string, paths: string): PolicyRule {
  return { nonResourceURLs: paths.split(' '), verbs: verbs.split(' ') };
}

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const all = `create delete deletecollection get list patch update watch`;

/** Whoever tells of what happens. */
export const writesEvents: PolicyRule = can('create patch update', 'core events.k8s.io', 'events');
