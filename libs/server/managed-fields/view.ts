import type { FieldSet, KubeObject } from '@drydock/base/apimachinery';
import { fieldSetFromPaths, fieldStep, subtractFieldSets } from '@drydock/base/apimachinery';
import type { MergeType } from '@drydock/base/structured-merge';

type Loose = Record<string, unknown>;

/** The parts of metadata that somebody can own. */
const ownedMetadata = ['generateName', 'labels', 'annotations', 'ownerReferences', 'finalizers'] as const;

/** Paths that belong to the system. */
const systemPaths: FieldSet = fieldSetFromPaths([
  [fieldStep('apiVersion')],
  [fieldStep('kind')],
  [fieldStep('metadata')],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => [fieldStep('metadata'), fieldStep(name)]),
]);

/** A set without what belongs to the system. */
export function withoutSystemPaths(set: FieldSet): FieldSet {
  return subtractFieldSets(set, systemPaths);
}

/**
 * The part of an object that somebody can own, shallow. `ignored` are top-level fields that the door in question does not
 * write (`status` for the object itself, all but `status` for its status subresource).
 */
export function ownedView(object: KubeObject, ignored: (field: string) => boolean): Loose {
  const view: Loose = {};
  const source = object as unknown as Loose;
  for (const key in source) {
    if (key === 'metadata' || key === 'apiVersion' || key === 'kind' || ignored(key)) continue;
    if (source[key] !== undefined) view[key] = source[key];
  }
  const metadata: Loose = {};
  const meta = object.metadata as unknown as Loose;
  for (const key of ownedMetadata) if (meta[key] !== undefined) metadata[key] = meta[key];
  view['metadata'] = metadata;
  return view;
}

const empties = new WeakMap<MergeType, Loose>();

/** An object in which nothing is set: only the structs that are always there. */
export function emptyOf(type: MergeType): Loose {
  let empty = empties.get(type);
  if (empty === undefined) {
    empty = { metadata: {}, ...(emptyStruct(type) ?? {}) };
    empties.set(type, empty);
  }
  return empty;
}

function emptyStruct(type: MergeType): Loose | undefined {
  if (type.kind !== 'map' || type.always === undefined) return undefined;
  const made: Loose = {};
  for (const name of type.always) {
    const field = type.field(name);
    made[name] = (field === undefined ? undefined : emptyStruct(field)) ?? {};
  }
  return made;
}
