import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../registry/types.ts';
import { looseObject, type StoredObject } from '../watch-cache/index.ts';

/** The other versions, or groups, that the same stored objects are served as. */
export interface Equivalents {
  /** All that serve what this definition serves, itself included, in the order of their declaration. */
  of(definition: ResourceDefinition): readonly ResourceDefinition[];
  /** An object of one definition as another shows it. The same object where the two are the same. */
  convert(
    object: KubeObject,
    from: ResourceDefinition,
    to: ResourceDefinition,
  ): KubeObject | Promise<KubeObject>;
}

function storedName({ group, resource, storedAs }: ResourceDefinition): string {
  return storedAs === undefined ? `${group}/${resource}` : `${storedAs.group}/${storedAs.resource}`;
}

/** A stored object as a definition shows it. */
export function shownBy(
  { custom, storedAs }: ResourceDefinition,
  stored: StoredObject,
): KubeObject | Promise<KubeObject> {
  if (custom !== undefined) {
    const pending = custom.prepare([stored]);
    if (pending === undefined) return custom.show(stored).object;
    return pending.then(() => custom.show(stored).object);
  }
  return storedAs === undefined ? stored.object : storedAs.fromStored(stored.object);
}

function toStored(
  { custom, storedAs }: ResourceDefinition,
  object: KubeObject,
): KubeObject | Promise<KubeObject> {
  if (custom !== undefined) return custom.toStorage(object);
  return storedAs === undefined ? object : storedAs.toStored(object);
}

/** @param definitions all that are served: the same array until they change */
export function createEquivalents(definitions: () => readonly ResourceDefinition[]): Equivalents {
  let known: readonly ResourceDefinition[] | undefined;
  let byName = new Map<string, ResourceDefinition[]>();
  return {
    of(definition) {
      const all = definitions();
      if (all !== known) {
        known = all;
        byName = Map.groupBy(all, storedName);
      }
      return byName.get(storedName(definition)) ?? [definition];
    },
    convert(object, from, to) {
      if (from === to) return object;
      const stored = toStored(from, structuredClone(object));
      if (stored instanceof Promise) return stored.then((one) => shownBy(to, looseObject(one)));
      return shownBy(to, looseObject(stored));
    },
  };
}
