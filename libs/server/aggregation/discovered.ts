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
  return listed
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, singularName, namespaced, kind, verbs, shortNames, categories }) => {
      const below = listed.filter((one) => one.name.startsWith(`${name}/`));
      return {
        group,
        version,
        kind,
        resource: name,
        singular: singularName ?? '',
        namespaced,
        verbs,
        ...(shortNames === undefined ? {} : { shortNames }),
        ...(categories === undefined ? {} : { categories }),
        // Not stored here: there is no storage version to tell of.
        virtualRead: () => [],
        subresources: Object.fromEntries(
          below.map((one) => [one.name.slice(name.length + 1), { kind: one.kind, verbs: one.verbs }]),
        ),
        strategy: {},
        columns: [],
      } as unknown as ResourceDefinition;
    });
}
