import {
  controllerOf,
  isConflict,
  isNotFound,
  ownerReferenceTo,
  type KubeObject,
  type LabelMatcher,
  type ResourceType,
} from '@drydock/base/apimachinery';
import type { Client } from '../client/index.ts';

/** Tries again on 409 Conflict, at most `tries` times (default 5). `attempt` must read afresh. */
export async function retryOnConflict<T>(attempt: () => Promise<T>, tries = 5): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || left <= 1) throw error;
    }
  }
}

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  readonly client: Client;
  readonly owner: O;
  readonly ownerType: ResourceType<O>;
  readonly type: ResourceType<T>;
  /** All candidates: of the owner's namespace, whatever their labels. */
  readonly objects: readonly T[];
  readonly selector: LabelMatcher;
}

/**
 * Which objects the owner controls (ControllerRefManager): its own that match stay, its own that do not match are
 * released, orphans that match are adopted unless owner or object is being deleted.
 */
export async function claimObjects<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<T[]> {
  const { client, owner, ownerType, type, objects, selector } = options;
  const claimed: T[] = [];
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  let verified = false;
  for (const object of objects) {
    const controller = controllerOf(object);
    const { name = '', namespace = '', uid = '' } = object.metadata;
    const resource = client.resource(type).namespace(namespace);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selector.matches(object.metadata.labels)) {
        claimed.push(object);
        continue;
      }
      if (deleting) continue;
      const ownerReferences = object.metadata.ownerReferences?.filter((one) => one.uid !== owner.metadata.uid);
      await resource
        .patch(name, { type: 'merge', body: { metadata: { uid, ownerReferences } } })
        .catch((error: unknown) => {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        });
      continue;
    }
    if (deleting || object.metadata.deletionTimestamp !== undefined || !selector.matches(object.metadata.labels)) continue;
    if (!verified) {
      // The cache may be older than the owner's deletion: ask before taking in.
      const live = await client.resource(ownerType).namespace(owner.metadata.namespace ?? '').get(owner.metadata.name ?? '');
      if (live.metadata.uid !== owner.metadata.uid || live.metadata.deletionTimestamp !== undefined) return claimed;
      verified = true;
    }
    const reference = ownerReferenceTo(owner, ownerType, { controller: true, blockOwnerDeletion: true });
    try {
      claimed.push(
        await resource.patch(name, {
          type: 'merge',
          body: { metadata: { uid, ownerReferences: [...(object.metadata.ownerReferences ?? []), reference] } },
        }),
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
  return claimed;
}
