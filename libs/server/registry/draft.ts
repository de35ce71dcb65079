import { cloneJson, type KubeObject } from '@drydock/base/apimachinery';

/** A private copy of an object to be changed. Its managedFields are the object's own: they are only ever replaced as a whole. */
export function draftOf(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const draft: KubeObject = cloneJson({ ...object, metadata });
  if (managedFields !== undefined) draft.metadata.managedFields = managedFields;
  return draft;
}
