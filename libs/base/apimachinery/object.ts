import type { LabelMatcher } from './label-selector.ts';
import { matches } from './label-selector-object.ts';
import type { KubeObject, LabelSelector, OwnerReference } from './types.ts';

interface Named {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
}

/** `namespace/name`, or `name` for cluster-scoped objects. */
export function objectKey(object: Named): string {
  const { name = '', namespace } = object.metadata;
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** Takes a key apart; `namespace` is '' for cluster-scoped objects. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: '', name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Puts a key together; an absent or empty namespace leaves only the name. */
export function joinKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** What a status or condition says of the object that it was made for; nothing for objects without generations. */
export function observed({ metadata: { generation } }: Pick<KubeObject, 'metadata'>): {
  observedGeneration?: number;
} {
  return generation === undefined ? {} : { observedGeneration: generation };
}

/** The owner that manages the object, if it has one. */
export function controllerOf(object: Pick<KubeObject, 'metadata'>): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** Whether `owner` (by uid) manages `object`. */
export function isControlledBy(
  object: Pick<KubeObject, 'metadata'>,
  owner: Pick<KubeObject, 'metadata'>,
): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata.uid;
}

/** A reference to `owner`, for its dependents. The owner must be stored already (it needs a name and a uid). */
export function ownerReferenceTo(
  owner: Pick<KubeObject, 'metadata'>,
  type: { readonly group: string; readonly version: string; readonly kind: string },
  options: { controller?: boolean; blockOwnerDeletion?: boolean } = {},
): OwnerReference {
  return {
    apiVersion: apiVersionOf(type.group, type.version),
    kind: type.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    ...(options.controller === undefined ? {} : { controller: options.controller }),
    ...(options.blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion: options.blockOwnerDeletion }),
  };
}

/** Whether the selector matches the object's labels; an absent selector matches nothing. */
export function selectorMatchesObject(
  selector: LabelSelector | LabelMatcher | null | undefined,
  object: Pick<KubeObject, 'metadata'>,
): boolean {
  return matches(selector, object.metadata.labels);
}

/** `apps/v1` from group and version; the core group has no slash. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/**
 * Takes an apiVersion apart; `v1` is the core group.
 * @throws Error in Kubernetes' words for more than one slash
 */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  if (apiVersion.includes('/', slash + 1)) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}
