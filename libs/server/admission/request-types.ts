import { bool, dyn, int, listOf, mapOf, scalar, string, type Type } from '../cel/index.ts';

type ObjectType = Type & { readonly kind: 'object' };

function objectType(name: string, fields: Readonly<Record<string, Type>>): ObjectType {
  return {
    kind: 'object',
    name,
    field: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined),
  };
}

const timestamp = scalar('timestamp');
const texts = listOf(string);
const textMap = mapOf(string, string);

const kindType = objectType('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const resourceType = objectType('kubernetes.GroupVersionResource', {
  group: string,
  version: string,
  resource: string,
});

/** What expressions may read of `request`: the object is a variable of its own. */
export const requestType: Type = objectType('kubernetes.AdmissionRequest', {
  kind: kindType,
  resource: resourceType,
  subResource: string,
  requestKind: kindType,
  requestResource: resourceType,
  requestSubResource: string,
  name: string,
  namespace: string,
  operation: string,
  userInfo: objectType('kubernetes.UserInfo', {
    username: string,
    uid: string,
    groups: texts,
    extra: mapOf(string, texts),
  }),
  dryRun: bool,
  options: dyn,
});

/** What expressions may read of `namespaceObject`. */
export const namespaceObjectType: Type = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', {
    name: string,
    generateName: string,
    namespace: string,
    labels: textMap,
    annotations: textMap,
    UID: string,
    creationTimestamp: timestamp,
    deletionGracePeriodSeconds: int,
    deletionTimestamp: timestamp,
    generation: int,
    resourceVersion: string,
    finalizers: texts,
  }),
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: texts }),
  status: objectType('kubernetes.NamespaceStatus', {
    conditions: listOf(
      objectType('kubernetes.NamespaceCondition', {
        status: string,
        type: string,
        lastTransitionTime: timestamp,
        message: string,
        reason: string,
      }),
    ),
    phase: string,
  }),
});

/** The type of `variables`: what a policy has worked out so far. */
export function variablesType(types: ReadonlyMap<string, Type>): Type {
  return { kind: 'object', name: 'kubernetes.variables', field: (name) => types.get(name) };
}

const patchOperation = objectType('JSONPatch', { op: string, path: string, from: string, value: dyn });

/** What expressions make that change objects: `Object` and what is in one, of any fields, and JSON patches. */
export function patchTypes(name: string): ObjectType | undefined {
  if (name === patchOperation.name) return patchOperation;
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined;
  return { kind: 'object', name, field: () => dyn };
}

export const appliedType: Type = { kind: 'object', name: 'Object', field: () => dyn };
export const patchListType: Type = listOf(patchOperation);
