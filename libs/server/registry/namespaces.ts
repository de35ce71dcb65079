import type { FieldError, FieldPath, KubeObject } from '@drydock/base/apimachinery';
import { fieldPath, invalid, invalidValue, validateQualifiedName } from '@drydock/base/apimachinery';
import { finalizerDomainErrors } from './object-meta.ts';
import type { ResourceDefinition, Strategy, SubresourceHandler } from './types.ts';

interface NamespaceLike extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

const finalizers = fieldPath('spec', 'finalizers');

function finalizerErrors(finalizer: string, where: FieldPath): FieldError[] {
  const messages = validateQualifiedName(finalizer).map((message) => invalidValue(where, finalizer, message));
  return [...messages, ...finalizerDomainErrors(finalizer, where)];
}

/** PUT of `finalize` replaces spec.finalizers; the namespace goes when that leaves it empty. */
export const namespaceFinalize: SubresourceHandler = {
  kind: 'Namespace',
  version: 'v1',
  verbs: ['update'],
  update: (request, body) =>
    request.updateParent((draft) => {
      const wanted = (body as NamespaceLike).spec?.finalizers ?? [];
      const errors = wanted.flatMap((one, index) => finalizerErrors(one, finalizers.index(index)));
      if (errors.length > 0)
        throw invalid({ group: '', kind: 'Namespace' }, draft.metadata.name ?? '', errors);
      const { spec } = draft as NamespaceLike;
      (draft as NamespaceLike).spec = { ...spec, finalizers: [...wanted] };
      if (body.metadata.resourceVersion) draft.metadata.resourceVersion = body.metadata.resourceVersion;
    }),
};

/**
 * A Namespace's life: it is held by `spec.finalizers`, is Terminating from its deletion on, and is finalized through a
 * subresource. Definitions of other resources pass unchanged; hooks that the definition has itself are kept.
 */
export function withNamespaceLifeCycle(definition: ResourceDefinition): ResourceDefinition {
  if (definition.group !== '' || definition.resource !== 'namespaces') return definition;
  const declared = definition.strategy;
  const strategy: Strategy = {
    ...declared,
    nameFormat: declared.nameFormat ?? 'dns1123label',
    prepareForCreate(object, context) {
      declared.prepareForCreate?.(object, context);
      const namespace = object as NamespaceLike;
      const finalizers = namespace.spec?.finalizers ?? [];
      namespace.spec = {
        ...namespace.spec,
        finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
      };
      namespace.status = { phase: 'Active' };
    },
    validate: (object, context) => [
      ...(declared.validate?.(object, context) ?? []),
      ...((object as NamespaceLike).spec?.finalizers ?? []).flatMap((one) =>
        finalizerErrors(one, finalizers),
      ),
    ],
    updatesValidateAlone: declared.updatesValidateAlone ?? true,
    prepareForUpdate(object, old, context) {
      declared.prepareForUpdate?.(object, old, context);
      const namespace = object as NamespaceLike;
      const { spec } = old as NamespaceLike;
      // Only the finalize subresource changes these.
      namespace.spec = { ...namespace.spec, finalizers: [...(spec?.finalizers ?? [])] };
    },
    deletionBlocked: (object) =>
      declared.deletionBlocked?.(object) ?? ((object as NamespaceLike).spec?.finalizers?.length ?? 0) > 0,
    prepareForDelete(object, context) {
      declared.prepareForDelete?.(object, context);
      const namespace = object as NamespaceLike;
      namespace.status = { ...namespace.status, phase: 'Terminating' };
    },
    generation: declared.generation ?? false,
  };
  return {
    ...definition,
    strategy,
    subresources: { finalize: namespaceFinalize, ...definition.subresources },
  };
}
