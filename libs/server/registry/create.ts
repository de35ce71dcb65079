import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import {
  alreadyExists,
  badRequest,
  generateNameConflict,
  invalid,
  joinKey,
} from '@drydock/base/apimachinery';
import { StoreError } from '@drydock/port/store';
import type { StoredObject } from '../watch-cache/index.ts';
import { encodeStored, looseObject, StoredItem } from '../watch-cache/index.ts';
import { enterAdmission } from './admit.ts';
import type { Environment, Scope } from './environment.ts';
import { orderedMeta, validateFinalizerDomains, validateMeta } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { recordOwnership } from './ownership.ts';
import type { Served } from './served.ts';
import { storeFailure } from './store-failure.ts';

const nameAttempts = 8;
/** Kubernetes' generated names are at most 63 characters, five of them random. */
const maxPrefix = 58;

/** Makes the object's namespace that of the request. @throws ApiError 400 when they differ */
export function matchNamespace(object: KubeObject, namespaced: boolean, requested: string | undefined): void {
  const { metadata } = object;
  if (!namespaced) {
    if (metadata.namespace !== undefined) delete metadata.namespace;
    return;
  }
  if (!metadata.namespace) metadata.namespace = requested;
  else if (metadata.namespace !== requested) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/**
 * Everything between a decoded body and the store. `draft` is private and has its schema's defaults; `owned`: its
 * managedFields say already who set what (server-side apply).
 */
export async function createObject(
  env: Environment,
  served: Served,
  draft: KubeObject,
  scope: Scope,
  owned = false,
): Promise<StoredObject> {
  const { strategy, definition } = served;
  let { metadata } = draft;
  if (metadata.resourceVersion) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  metadata.resourceVersion = undefined;
  resetStatus(served, draft);
  strategy.defaults?.(draft);
  if (!owned) recordOwnership(env, served, undefined, draft, scope, 'main', '');
  // Strategies may build on the name and the uid (a Job's selector).
  const generated = !metadata.name && metadata.generateName ? metadata.generateName : undefined;
  if (generated !== undefined) metadata.name = generateName(env, generated);
  metadata.uid = env.random.uuid();
  prepareNew(env, served, draft, scope);
  draft.metadata = metadata = orderedMeta(metadata);

  const passage = enterAdmission(env, served, '', 'CREATE', draft, undefined, scope);
  let committed = false;
  try {
    if (passage !== undefined) {
      const pending = passage.chain.admit(passage.request);
      if (pending !== undefined) await pending;
      // What is the server's to say is not for policies and webhooks to change, and follows from what they changed.
      if (passage.request.reinvocation?.hasChanged === true) {
        resetStatus(served, draft);
        prepareNew(env, served, draft, scope);
      }
    }
    dropRepeatedOwners(draft, scope, true);
    validateNew(served, draft, scope);
    if (strategy.warnings !== undefined)
      for (const text of strategy.warnings(draft, undefined)) scope.warn(text);
    if (passage !== undefined) {
      const pending = passage.chain.validate(passage.request);
      if (pending !== undefined) await pending;
    }
    const key = (): string => joinKey(definition.namespaced ? metadata.namespace : undefined, metadata.name!);
    if (scope.isDryRun) {
      if (env.cache.peek(served.groupResource, key()) !== undefined)
        throw alreadyExists(served.groupResource, metadata.name!);
      return looseObject(draft, 0, key());
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const item = await insert(env, served, key(), draft);
        committed = true;
        return item;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'KeyExists')
          throw storeFailure(error, served.groupResource);
        if (generated === undefined) throw alreadyExists(served.groupResource, metadata.name!);
        if (attempt === nameAttempts) throw generateNameConflict(served.groupResource, metadata.name!);
        metadata.name = generateName(env, generated);
      }
    }
  } finally {
    passage?.settle(committed);
  }
}

/** Sets what the kind and the server say of a new object. */
function prepareNew(env: Environment, served: Served, draft: KubeObject, scope: Scope): void {
  served.strategy.prepareForCreate?.(draft, scope);
  const { metadata } = draft;
  metadata.creationTimestamp = env.timestamp();
  if (metadata.deletionTimestamp !== undefined) delete metadata.deletionTimestamp;
  if (metadata.deletionGracePeriodSeconds !== undefined) delete metadata.deletionGracePeriodSeconds;
  if (countsGenerations(served, draft)) metadata.generation = 1;
}

function generateName(env: Environment, prefix: string): string {
  return (prefix.length > maxPrefix ? prefix.slice(0, maxPrefix) : prefix) + env.random.suffix(5);
}

/** Kinds that count generations: those with a spec, unless their strategy says otherwise. */
export function countsGenerations(served: Served, object: KubeObject): boolean {
  return served.strategy.generation ?? (object as { spec?: unknown }).spec !== undefined;
}

function resetStatus({ definition, strategy }: Served, draft: KubeObject): void {
  if (definition.status !== true || strategy.keepStatusOnCreate === true) return;
  (draft as { status?: unknown }).status = {};
}

function validateNew(served: Served, draft: KubeObject, scope: Scope): void {
  const { strategy, definition, groupKind } = served;
  const errors: FieldError[] = validateMeta(
    draft.metadata,
    definition.namespaced,
    strategy.nameFormat ?? 'dns1123subdomain',
  );
  errors.push(...validateFinalizerDomains(served, draft.metadata));
  if (strategy.validate !== undefined) errors.push(...strategy.validate(draft, scope));
  if (errors.length > 0) throw invalid(groupKind, draft.metadata.name ?? '', errors);
}

async function insert(env: Environment, served: Served, key: string, draft: KubeObject): Promise<StoredItem> {
  const { custom } = served.definition;
  const kept = custom === undefined ? draft : await custom.toStorage(draft);
  const value = encodeStored(kept);
  const item = StoredItem.pending(key, kept, value);
  if (kept === draft) item.shape = custom;
  env.cache.expect(value, item);
  try {
    item.commit(await env.store.create(env.cache.storeKey(served.groupResource, key), value));
    return item;
  } finally {
    env.cache.settled(value);
  }
}
