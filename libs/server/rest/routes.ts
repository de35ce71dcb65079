import { methodNotAllowed, pathNotFound } from '@drydock/base/apimachinery';
import type { ResourceRef } from '@drydock/port/transport';
import type { ResourceDefinition } from '../registry/index.ts';

const ofItem: Readonly<Record<string, string>> = {
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const ofCollection: Readonly<Record<string, string>> = {
  GET: 'list',
  POST: 'create',
  DELETE: 'deletecollection',
};
const ofSubresource: Readonly<Record<string, string>> = { ...ofItem, POST: 'create' };
const readAndWrite: readonly string[] = ['get', 'update', 'patch'];

/** The verbs of a subresource; undefined where the definition does not know it. */
function subresourceVerbs(definition: ResourceDefinition, name: string): readonly string[] | undefined {
  if (name === 'status' && definition.status === true) return readAndWrite;
  if (name === 'scale' && definition.scale !== undefined) return readAndWrite;
  const { subresources } = definition;
  return subresources !== undefined && Object.hasOwn(subresources, name)
    ? subresources[name]?.verbs
    : undefined;
}

/**
 * Is there a route for this method on this path? Subresources that no definition declares are left to who serves them.
 * @throws ApiError 404 where the path itself does not exist, 405 where it has other methods
 */
export function requireRoute(definition: ResourceDefinition, ref: ResourceRef, method: string): void {
  const { namespaced } = definition;
  const { namespace, name, subresource } = ref;
  if (!namespaced && namespace !== undefined) throw pathNotFound();
  if (subresource !== undefined) {
    if (namespaced && namespace === undefined) throw pathNotFound();
    const verbs = subresourceVerbs(definition, subresource);
    if (verbs !== undefined && !verbs.includes(ofSubresource[method] ?? '')) throw methodNotAllowed();
    return;
  }
  const verb = (name === undefined ? ofCollection : ofItem)[method];
  const verbs = definition.verbs;
  // Across namespaces there are only lists.
  if (namespaced && namespace === undefined) {
    if (name !== undefined || verbs?.includes('list') === false) throw pathNotFound();
    if (verb !== 'list') throw methodNotAllowed();
    return;
  }
  if (verb === undefined || verbs?.includes(verb) === false) throw methodNotAllowed();
}
