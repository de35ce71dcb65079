import type { ResourceDefinition } from '../registry/index.ts';

/** An entry of an APIResourceList. */
export interface ListedResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** What discovery tells of the resources that an extension API server lists. They have no behaviour of their own here. */
export function discovered(
  group: string,
  version: string,
  listed: readonly ListedResource[],
): ResourceDefinition[] {
  const definition = (one: Omit<ListedResource, 'name'>, resource: string): ResourceDefinition => {
    const { singularName, namespaced, kind, verbs, shortNames, categories } = one;
    const below = listed.filter(({ name }) => resource !== '' && name.startsWith(`${resource}/`));
    return {
      group,
      version,
      kind,
      resource,
      singular: singularName ?? '',
      namespaced,
      verbs,
      ...(shortNames === undefined ? {} : { shortNames }),
      ...(categories === undefined ? {} : { categories }),
      // Not stored here: there is no storage version to tell of.
      virtualRead: () => [],
      subresources: Object.fromEntries(
        below.map(({ name, ...sub }) => [
          name.slice(resource.length + 1),
          { kind: sub.kind, verbs: sub.verbs },
        ]),
      ),
      strategy: {},
      columns: [],
    } as unknown as ResourceDefinition;
  };
  const whole = listed.filter(({ name }) => !name.includes('/'));
  const known = new Set(whole.map(({ name }) => name));
  const all = whole.map((one) => definition(one, one.name));
  // As kube-aggregator: what has only parts (`pods/qps` of custom metrics) is a resource without a kind.
  for (const { name, namespaced } of listed) {
    const parent = name.split('/')[0] ?? '';
    if (known.has(parent)) continue;
    known.add(parent);
    all.push(definition({ namespaced, kind: '', verbs: [] }, parent));
  }
  // The group is there though it has nothing to list.
  return all.length > 0 ? all : [definition({ namespaced: false, kind: '', verbs: [] }, '')];
}
