import {
  controllerOf,
  joinKey,
  objectKey,
  type KubeObject,
  type LabelMatcher,
  type ResourceType,
} from '@drydock/base/apimachinery';
import type { Expectations } from '@drydock/machinery/controller';
import { byController, byNamespace, orphanOf, type Informer } from '@drydock/machinery/informer';

export interface OwnershipOptions<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** The owners, indexed `byNamespace`. */
  readonly owners: Informer<T>;
  selector(owner: T): LabelMatcher;
  /** Told of dependents that come and go. */
  readonly expectations?: Expectations;
}

export interface Ownership<T extends KubeObject> {
  /** The owner that an object names as its controller, if it is the one we know. */
  ownerOf(dependent: KubeObject): T | undefined;
  /** Keys of the owners whom a change of a dependent concerns: the old and the new one, or those that might adopt it. */
  keys(dependent: KubeObject, change: { previous?: KubeObject; deleted: boolean }): string[];
  /** What the owner owns and what it might adopt. `dependents` is indexed `byController`. */
  candidates<D extends KubeObject>(dependents: Informer<D>, owner: T): D[];
}

/** Who owns, owned or might own the dependents of one kind of workload. */
export function createOwnership<T extends KubeObject>(options: OwnershipOptions<T>): Ownership<T> {
  const { type, owners, expectations } = options;

  const ownerOf = (dependent: KubeObject): T | undefined => {
    const reference = controllerOf(dependent);
    if (reference?.kind !== type.kind) return undefined;
    const owner = owners.get(joinKey(dependent.metadata.namespace, reference.name));
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  };
  const suitors = (dependent: KubeObject): string[] => {
    const { labels, namespace = '', deletionTimestamp } = dependent.metadata;
    if (labels === undefined || deletionTimestamp !== undefined) return [];
    return owners
      .byIndex(byNamespace.name, namespace)
      .filter((owner) => options.selector(owner).matches(labels))
      .map(objectKey);
  };

  return {
    ownerOf,
    keys(dependent, { previous, deleted }) {
      const keys: string[] = [];
      if (previous !== undefined && controllerOf(previous)?.uid !== controllerOf(dependent)?.uid) {
        const before = ownerOf(previous);
        if (before !== undefined) keys.push(objectKey(before));
      }
      if (controllerOf(dependent) === undefined) return deleted ? keys : [...keys, ...suitors(dependent)];
      const owner = ownerOf(dependent);
      if (owner === undefined) return keys;
      const key = objectKey(owner);
      // What has begun to go counts as gone; its end will come by itself.
      if (deleted || dependent.metadata.deletionTimestamp !== undefined)
        expectations?.deletionObserved(key, dependent.metadata.uid ?? '');
      else if (previous === undefined) expectations?.creationObserved(key);
      return [...keys, key];
    },
    candidates(dependents, owner) {
      const { uid = '', namespace = '' } = owner.metadata;
      return [
        ...dependents.byIndex(byController.name, uid),
        ...dependents.byIndex(byController.name, orphanOf(namespace)),
      ];
    },
  };
}
