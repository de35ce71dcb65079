import { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { DeclaredResource } from '@drydock/controllers/all';
import type { InformerFactory } from '@drydock/machinery/informer';
import { allDefinitions } from '@drydock/server/resources';

const customVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/**
 * What the API server serves, told by another process: the kinds that are built in, and those of the established
 * CustomResourceDefinitions (in the version that is stored: all of an object's versions are one object).
 */
export function declaredResources(informers: InformerFactory): () => readonly DeclaredResource[] {
  const informer = informers.informer(CustomResourceDefinition);
  const known = new WeakMap<CustomResourceDefinition, DeclaredResource | null>();

  function declared(definition: CustomResourceDefinition): DeclaredResource | null {
    const { group, names, scope, versions = [] } = definition.spec ?? {};
    const established = definition.status?.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
    const version = (
      versions.find(({ storage, served }) => storage && served) ?? versions.find(({ served }) => served)
    )?.name;
    if (established !== true || group === undefined || version === undefined || names === undefined)
      return null;
    return {
      group,
      version,
      kind: names.kind,
      resource: names.plural,
      namespaced: scope === 'Namespaced',
      verbs: customVerbs,
    };
  }

  return () => {
    const custom: DeclaredResource[] = [];
    for (const definition of informer.list()) {
      let found = known.get(definition);
      if (found === undefined) known.set(definition, (found = declared(definition)));
      if (found !== null) custom.push(found);
    }
    return custom.length === 0 ? allDefinitions : [...allDefinitions, ...custom];
  };
}
