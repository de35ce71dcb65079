import type { GroupKind, GroupResource, KubeObject } from '@drydock/base/apimachinery';
import { apiVersionOf, goQuote, methodNotSupported } from '@drydock/base/apimachinery';
import type { FieldAccess } from '../watch-cache/index.ts';
import type { ResourceDefinition, Strategy } from './types.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** A definition with what follows from it, worked out once. */
export interface Served {
  readonly definition: ResourceDefinition;
  readonly strategy: Strategy;
  readonly apiVersion: string;
  readonly kind: string;
  readonly groupResource: GroupResource;
  readonly groupKind: GroupKind;
  readonly access: FieldAccess;
  readonly verbs: ReadonlySet<string>;
  /** What really stores the objects; itself unless `storedAs`. */
  readonly stored: Served;
  /** From the stored form to this face; undefined when they are the same. */
  readonly fromStored: ((object: KubeObject) => KubeObject) | undefined;
  readonly toStored: ((object: KubeObject) => KubeObject) | undefined;
}

/** Where Kubernetes has words of its own for a field that cannot be selected by. */
function unsupportedField({ group, kind, custom }: ResourceDefinition): Pick<FieldAccess, 'unsupported'> {
  if (group === 'batch' && kind === 'Job')
    return { unsupported: (field) => `field label ${goQuote(field)} not supported for batchv1.Job` };
  return custom === undefined ? {} : { unsupported: (field) => `field label not supported: ${field}` };
}

/** `stored` finds the served form of another definition, for those that are faces of one. */
export function serve(
  definition: ResourceDefinition,
  stored: (group: string, version: string, resource: string) => Served | undefined,
): Served {
  const { group, version, kind, resource, storedAs } = definition;
  const fields = definition.selectableFields ?? {};
  const served: { -readonly [Key in keyof Served]: Served[Key] } = {
    definition,
    strategy: definition.strategy,
    apiVersion: apiVersionOf(group, version),
    kind,
    groupResource: { group, resource },
    groupKind: { group, kind },
    access: {
      namespaced: definition.namespaced,
      fields,
      indexedFields: definition.indexedFields ?? ('spec.nodeName' in fields ? ['spec.nodeName'] : []),
      ...unsupportedField(definition),
    },
    verbs: new Set(definition.verbs ?? allVerbs),
    stored: undefined as unknown as Served,
    fromStored: undefined,
    toStored: undefined,
  };
  served.stored = served;
  if (storedAs !== undefined) {
    const target = stored(storedAs.group, storedAs.version, storedAs.resource);
    if (target === undefined) {
      throw new Error(
        `${resource}.${version}.${group} is stored as ${storedAs.resource}.${storedAs.version}.${storedAs.group}, which is not defined`,
      );
    }
    served.stored = target;
    served.fromStored = (object) => storedAs.fromStored(object);
    served.toStored = (object) => storedAs.toStored(object);
  }
  return served;
}

/** @throws ApiError 405 when the resource does not do that */
export function requireVerb(served: Served, verb: string): void {
  if (!served.verbs.has(verb)) throw methodNotSupported(served.groupResource, verb);
}
