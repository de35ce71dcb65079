import {
  controllerOf,
  isConflict,
  isInvalid,
  isNotFound,
  ownerReferenceTo,
  type KubeObject,
  type OwnerReference,
  type ResourceType,
} from '@drydock/base/apimachinery';
import type { Client } from '../client/index.ts';

export interface ClaimOptions<T extends KubeObject> {
  readonly client: Client;
  readonly owner: KubeObject;
  readonly ownerType: ResourceType;
  readonly type: ResourceType<T>;
  /** Whether the owner's selector takes the object. */
  matches(object: T): boolean;
  /** What the owner may own: its own and orphans. Others are passed over. */
  readonly candidates: readonly T[];
  /** Finalizers to add on adoption. */
  readonly finalizers?: readonly string[];
}

/**
 * Adopts orphans that match, releases owned objects that no longer do, and resolves with what the owner owns then
 * (as Kubernetes' ControllerRefManager). An object that went away meanwhile is left out. Before the first adoption
 * the owner is read live: one that is being deleted or was replaced adopts nothing (rejects).
 */
export async function claimObjects<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const { owner, candidates, matches } = options;
  const claimed: T[] = [];
  let mayAdopt: Promise<void> | undefined;
  const deleting = owner.metadata.deletionTimestamp !== undefined;

  for (const object of candidates) {
    const controller = controllerOf(object);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches(object)) claimed.push(object);
      else if (!deleting) await release(options, object);
      continue;
    }
    if (deleting || object.metadata.deletionTimestamp !== undefined || !matches(object)) continue;
    await (mayAdopt ??= assertMayAdopt(options));
    const adopted = await adopt(options, object);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

async function assertMayAdopt(options: ClaimOptions<KubeObject>): Promise<void> {
  const { namespace = '', name = '', uid } = options.owner.metadata;
  const fresh = await options.client.resource(options.ownerType).namespace(namespace).get(name);
  const what = `${options.ownerType.kind} ${namespace}/${name}`;
  if (fresh.metadata.uid !== uid) {
    throw new Error(`original ${what} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  }
  if (fresh.metadata.deletionTimestamp) {
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
  }
}

async function adopt<T extends KubeObject>(options: ClaimOptions<T>, object: T): Promise<T | undefined> {
  const { owner, ownerType, finalizers } = options;
  const metadata = {
    uid: object.metadata.uid,
    ownerReferences: [controllerReference(owner, ownerType)],
    ...(finalizers?.length ? { finalizers } : {}),
  };
  return unlessGone(() => patch(options, object, { metadata }));
}

async function release<T extends KubeObject>(options: ClaimOptions<T>, object: T): Promise<void> {
  const ownerReferences = [{ $patch: 'delete', uid: options.owner.metadata.uid }];
  try {
    await unlessGone(() =>
      patch(options, object, { metadata: { uid: object.metadata.uid, ownerReferences } }),
    );
  } catch (err) {
    // Invalid: the reference is gone already, or another object has the name by now. Either way nothing is to be done.
    if (!isInvalid(err) && !isConflict(err)) throw err;
  }
}

function patch<T extends KubeObject>(options: ClaimOptions<T>, object: T, body: unknown): Promise<T> {
  const { namespace = '', name = '' } = object.metadata;
  return options.client.resource(options.type).namespace(namespace).patch(name, { type: 'strategic', body });
}

async function unlessGone<R>(write: () => Promise<R>): Promise<R | undefined> {
  try {
    return await write();
  } catch (err) {
    if (isNotFound(err)) return undefined;
    throw err;
  }
}

/** The owner reference by which `owner` manages a dependent. */
export function controllerReference(owner: KubeObject, type: ResourceType): OwnerReference {
  return ownerReferenceTo(owner, type, { controller: true, blockOwnerDeletion: true });
}
