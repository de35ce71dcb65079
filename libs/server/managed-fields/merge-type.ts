import { lookupSchema } from '@drydock/api/scheme';
import type { MergeType, OpenApiSchema } from '@drydock/base/structured-merge';
import { objectMergeType, structuralMergeType } from '@drydock/base/structured-merge';
import type { CustomFormat, ResourceDefinition } from '../registry/types.ts';

const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const customTypes = new WeakMap<CustomFormat, MergeType>();

/** How the objects of a kind are owned and merged. */
export function mergeTypeOf({ custom, schema }: Pick<ResourceDefinition, 'custom' | 'schema'>): MergeType {
  if (custom === undefined) return objectMergeType(lookupSchema, schema);
  let type = customTypes.get(custom);
  if (type === undefined) {
    type = structuralMergeType(custom.schema as OpenApiSchema, lookupSchema, objectMeta);
    customTypes.set(custom, type);
  }
  return type;
}
