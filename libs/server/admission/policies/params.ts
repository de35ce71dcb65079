import type { ParamKind, ParamRef } from '@drydock/api/admissionregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import { apiVersionOf, parseApiVersion, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../../registry/types.ts';
import type { StoredObject, WatchCache } from '../../watch-cache/index.ts';
import { shownBy } from '../equivalents.ts';

/** Why a policy or a binding cannot be asked. */
export class ConfigurationError extends Error {}

/** What declares the kind of a policy's parameters. @throws ConfigurationError */
export function paramDefinition(
  { apiVersion = '', kind = '' }: ParamKind,
  definitions: readonly ResourceDefinition[],
): ResourceDefinition {
  const found = definitions.find(
    (one) => one.kind === kind && apiVersionOf(one.group, one.version) === apiVersion,
  );
  if (found !== undefined) return found;
  const { group, version } = parseApiVersion(apiVersion);
  const shown = group === '' ? `/${version}` : `${group}/${version}`;
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${shown}, Kind=${kind}'`);
}

/**
 * The objects that a binding names, as their kind's version shows them.
 * @param namespace of the request
 * @throws ConfigurationError
 */
export async function collectParams(
  definition: ResourceDefinition,
  ref: ParamRef,
  namespace: string | undefined,
  cache: Pick<WatchCache, 'peek' | 'items'>,
): Promise<readonly KubeObject[]> {
  const { namespaced, storedAs } = definition;
  if (namespaced && !ref.namespace && namespace === undefined)
    throw new ConfigurationError(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  if (!namespaced && ref.namespace)
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const where = namespaced ? ref.namespace || namespace : undefined;
  const stored = storedAs ?? definition;
  const resource = { group: stored.group, resource: stored.resource };
  let found: readonly StoredObject[];
  if (ref.name) {
    const one = cache.peek(resource, where === undefined ? ref.name : `${where}/${ref.name}`);
    found = one === undefined ? [] : [one];
  } else {
    const selector = selectorFromLabelSelector(ref.selector);
    found = cache
      .items(resource, where)
      .filter(({ object }) => selector.matches(object.metadata.labels ?? {}));
  }
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny')
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return Promise.all(found.map((one) => shownBy(definition, one)));
}
