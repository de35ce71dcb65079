import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import {
  badRequest,
  cloneJson,
  conflict,
  deepEqual,
  goQuote,
  invalid,
  invalidValue,
  notFound,
} from '@drydock/base/apimachinery';
import type { StoredObject } from '../watch-cache/index.ts';
import { encodeStored, looseObject, StoredItem } from '../watch-cache/index.ts';
import { enterAdmission, type Passage } from './admit.ts';
import { countsGenerations } from './create.ts';
import type { Environment, Scope } from './environment.ts';
import { orderedMeta, validateFinalizerDomains, validateMeta, validateMetaUpdate } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { recordOwnership } from './ownership.ts';
import { facesReady, inFace } from './face.ts';
import type { Served } from './served.ts';
import { catchUp, lostRace, storeFailure } from './store-failure.ts';

/**
 * Which rules a write follows: `main` for the object itself, `status` for its status subresource, `raw` for subresources
 * that change their parent on their own authority.
 */
export type UpdateMode = 'main' | 'status' | 'raw';

export interface UpdatePlan {
  /** What follows from a request that was admitted already, such as the Pod's node from its Binding. */
  readonly unadmitted?: boolean;
  readonly served: Served;
  readonly key: string;
  readonly name: string;
  readonly mode: UpdateMode;
  /** As admission sees it: '' or the subresource's name. */
  readonly subresource: string;
  readonly scope: Scope;
  /** What admission is shown in place of the object: the subresource's own kind (Scale). */
  readonly face?: UpdateFace | undefined;
  /** The drafts' managedFields say already who set what (server-side apply). */
  readonly owned?: boolean | undefined;
  /** A fresh private draft of the object's next state. Its resourceVersion, where set, must be the present one's. */
  make(current: StoredItem): KubeObject | Promise<KubeObject>;
  /** How often a write that lost a race is made anew. */
  readonly attempts: number;
  /** True when the caller gave no resourceVersion, so that a lost race may be run again. */
  retry(draft: KubeObject): boolean;
  /** What to do when there is no such object; default: 404. */
  missing?(): Promise<StoredObject>;
}

/** A part of an object as an object of its own. */
export interface UpdateFace {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  show(object: KubeObject): KubeObject;
  /** Puts what became of the face into the object. */
  take(object: KubeObject, face: KubeObject): void;
}

type Loose = Record<string, unknown>;

/** Read, change, compare-and-swap; again when somebody else was faster and the caller does not mind. */
export async function updateObject(env: Environment, plan: UpdatePlan): Promise<StoredObject> {
  const { served, key, name } = plan;
  for (let attempt = 1; ; attempt++) {
    const pending = env.cache.fresh();
    if (pending !== undefined) await pending;
    const current = env.cache.peek(served.groupResource, key);
    if (current === undefined) {
      if (plan.missing !== undefined) return plan.missing();
      throw notFound(served.groupResource, name);
    }
    const ready = facesReady(served, [current]);
    if (ready !== undefined) await ready;
    const made = plan.make(current);
    const draft = made instanceof Promise ? await made : made;
    const mayRetry = plan.retry(draft);
    try {
      return await replace(env, plan, current, draft);
    } catch (error) {
      if (!lostRace(error)) throw storeFailure(error, served.groupResource);
      if (!mayRetry || attempt >= plan.attempts) throw conflict(served.groupResource, name);
      await catchUp(env, error);
    }
  }
}

async function replace(
  env: Environment,
  plan: UpdatePlan,
  current: StoredItem,
  draft: KubeObject,
): Promise<StoredObject> {
  const { served, scope, mode, name } = plan;
  const { strategy, groupKind, groupResource } = served;
  const old = inFace(served, current).object;
  checkPreconditions(plan, draft, current);
  const { metadata } = draft;
  metadata.resourceVersion = undefined;
  if (mode !== 'raw') {
    const generation = old.metadata.generation;
    if (generation === undefined) {
      if (metadata.generation !== undefined) delete metadata.generation;
    } else metadata.generation = generation;
    strategy.defaults?.(draft);
    if (mode === 'status') prepareStatus(served, draft, old, scope);
    if (plan.owned !== true) recordOwnership(env, served, old, draft, scope, mode, plan.subresource);
    if (mode === 'main') prepareMain(served, draft, old, scope);
  }
  inheritMeta(draft, old);

  const passage = plan.unadmitted === true ? undefined : enter(env, plan, draft, old);
  let committed = false;
  try {
    if (passage !== undefined) {
      const pending = passage.chain.admit(passage.request);
      if (pending !== undefined) await pending;
      // What this door does not write is not for policies and webhooks to change; a generation counts their changes too.
      if (passage.request.reinvocation?.hasChanged === true) {
        plan.face?.take(draft, passage.request.object);
        if (mode === 'status') prepareStatus(served, draft, old, scope);
        if (mode === 'main') prepareMain(served, draft, old, scope);
        inheritMeta(draft, old);
      }
    }
    if (mode !== 'raw') {
      dropRepeatedOwners(draft, scope, true);
      const errors = validateChange(plan, draft, old);
      if (errors.length > 0) throw invalid(groupKind, name, errors);
    }
    const advice = mode === 'main' ? strategy.warnings?.(draft, old) : undefined;
    const statusAdvice = mode === 'status' ? strategy.statusWarnings?.(draft) : undefined;
    for (const text of advice ?? statusAdvice ?? []) scope.warn(text);
    if (passage !== undefined) {
      const pending = passage.chain.validate(passage.request);
      if (pending !== undefined) await pending;
    }
    const goes = finishesDeletion(served, draft);
    if (!goes && unchanged(draft, old)) return current;
    draft.metadata = orderedMeta(draft.metadata);
    if (scope.isDryRun) {
      draft.metadata.resourceVersion = old.metadata.resourceVersion;
      return looseObject(draft, current.revision, current.key);
    }
    const item = goes
      ? await removeNow(env, served, current, draft)
      : await swap(env, served, current, draft);
    committed = true;
    return item;
  } catch (error) {
    if (lostRace(error)) throw error;
    throw storeFailure(error, groupResource);
  } finally {
    passage?.settle(committed);
  }
}

function enter(
  env: Environment,
  { served, subresource, scope, face }: UpdatePlan,
  draft: KubeObject,
  old: KubeObject,
): Passage | undefined {
  if (face === undefined) return enterAdmission(env, served, subresource, 'UPDATE', draft, old, scope);
  const posted = { kind: face.kind, name: old.metadata.name ?? '' };
  const [now, before] = [face.show(draft), face.show(old)];
  return enterAdmission(env, served, subresource, 'UPDATE', now, before, scope, posted);
}

/** resourceVersion and uid of the draft against what is there. */
function checkPreconditions(plan: UpdatePlan, draft: KubeObject, current: StoredItem): void {
  const { served, name } = plan;
  const { resourceVersion, uid } = draft.metadata;
  const currentUid = current.object.metadata.uid;
  if (uid && uid !== currentUid) throw uidConflict(served, plan.key, name, uid, currentUid);
  if (resourceVersion && resourceVersion !== '0') {
    if (!/^[0-9]+$/.test(resourceVersion))
      throw badRequest(`strconv.ParseUint: parsing ${goQuote(resourceVersion)}: invalid syntax`);
    if (Number(resourceVersion) !== current.revision) throw conflict(served.groupResource, name);
  } else if (served.strategy.allowUnconditionalUpdate === false) {
    // Kubernetes names the resource here, not the kind.
    const { group, resource } = served.groupResource;
    throw invalid({ group, kind: resource }, name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
}

/** Resources that Kubernetes keeps in etcd under another name than their own. */
const etcdNames: Readonly<Record<string, string>> = {
  endpoints: 'services/endpoints',
  ingresses: 'ingress',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  services: 'services/specs',
};

/** The key that Kubernetes would keep the object under: its messages tell it. */
function etcdKey({ definition, groupResource }: Served, key: string): string {
  const { group, resource } = groupResource;
  const builtIn = !group.includes('.') || (group.endsWith('.k8s.io') && !group.startsWith('api'));
  if (definition.custom !== undefined || !builtIn) return `/registry/${group}/${resource}/${key}`;
  return `/registry/${etcdNames[resource] ?? resource}/${key}`;
}

/** 409 in the words of Kubernetes' storage layer: the object is another one under the same name. */
export function uidConflict(
  served: Served,
  key: string,
  name: string,
  wanted: string,
  present: string | undefined,
): Error {
  return conflict(
    served.groupResource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${etcdKey(served, key)}, ResourceVersion: 0, ` +
      `AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${present ?? ''}`,
  );
}

function prepareMain(served: Served, draft: KubeObject, old: KubeObject, scope: Scope): void {
  if (served.definition.status === true) {
    const status = (old as { status?: unknown }).status;
    if (status === undefined) {
      if ((draft as Loose & KubeObject).status !== undefined) delete (draft as { status?: unknown }).status;
    } else (draft as { status?: unknown }).status = cloneJson(status);
  }
  served.strategy.prepareForUpdate?.(draft, old, scope);
  const { metadata } = draft;
  if (
    countsGenerations(served, draft) &&
    metadata.generation === old.metadata.generation &&
    contentChanged(draft, old)
  ) {
    metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
}

/** Everything but status, labels, annotations and finalizers is as it was. */
function prepareStatus(served: Served, draft: KubeObject, old: KubeObject, scope: Scope): void {
  const fields = draft as unknown as Loose;
  const before = old as unknown as Loose;
  for (const key of Object.keys(fields)) {
    if (key !== 'metadata' && key !== 'status' && !(key in before)) delete fields[key];
  }
  // Shared with the present object: strategies change status and metadata only.
  for (const key of Object.keys(before))
    if (key !== 'metadata' && key !== 'status') fields[key] = before[key];
  if (old.metadata.ownerReferences === undefined) delete draft.metadata.ownerReferences;
  else draft.metadata.ownerReferences = old.metadata.ownerReferences;
  served.strategy.prepareForStatusUpdate?.(draft, old, scope);
}

/** What an update takes over from the present object, whatever the client sent. */
function inheritMeta(draft: KubeObject, old: KubeObject): void {
  const { metadata } = draft;
  const before = old.metadata;
  metadata.uid ||= before.uid;
  metadata.creationTimestamp = before.creationTimestamp;
  if (before.deletionTimestamp !== undefined) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  }
}

function contentChanged(draft: KubeObject, old: KubeObject): boolean {
  const a = draft as unknown as Loose;
  const b = old as unknown as Loose;
  for (const key in a) if (isContent(key) && !deepEqual(a[key], b[key])) return true;
  for (const key in b) if (isContent(key) && b[key] !== undefined && a[key] === undefined) return true;
  return false;
}

function isContent(key: string): boolean {
  return key !== 'metadata' && key !== 'status' && key !== 'kind' && key !== 'apiVersion';
}

function validateChange(
  { served, mode, scope }: UpdatePlan,
  draft: KubeObject,
  old: KubeObject,
): FieldError[] {
  const { strategy, definition } = served;
  const format = strategy.nameFormat ?? 'dns1123subdomain';
  const errors = [
    ...validateMeta(draft.metadata, definition.namespaced, format),
    ...validateFinalizerDomains(served, draft.metadata),
    ...validateMetaUpdate(draft.metadata, old.metadata),
  ];
  if (mode === 'status') {
    if (strategy.validateStatusUpdate !== undefined)
      errors.push(...strategy.validateStatusUpdate(draft, old, scope));
    return errors;
  }
  if (strategy.validate !== undefined && strategy.updatesValidateAlone !== true)
    errors.push(...strategy.validate(draft, scope));
  if (strategy.validateUpdate !== undefined) errors.push(...strategy.validateUpdate(draft, old, scope));
  return errors;
}

/** A deleting object goes when nothing holds it any more. */
export function finishesDeletion({ strategy }: Served, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0 || (deletionGracePeriodSeconds ?? 0) > 0)
    return false;
  return strategy.deletionBlocked?.(object) !== true;
}

function unchanged(draft: KubeObject, old: KubeObject): boolean {
  draft.metadata.resourceVersion = old.metadata.resourceVersion;
  const same = deepEqual(draft, old);
  draft.metadata.resourceVersion = undefined;
  return same;
}

/** Writes the draft over `current`. Throws the store's error when somebody else was faster. */
export async function swap(
  env: Environment,
  served: Served,
  current: StoredItem,
  draft: KubeObject,
): Promise<StoredItem> {
  const { custom } = served.definition;
  const kept = custom === undefined ? draft : await custom.toStorage(draft);
  const value = encodeStored(kept);
  const item = StoredItem.pending(current.key, kept, value);
  if (kept === draft) item.shape = custom;
  env.cache.expect(value, item);
  try {
    const storeKey = env.cache.storeKey(served.groupResource, current.key);
    item.commit(await env.store.update(storeKey, value, current.revision));
    return item;
  } finally {
    env.cache.settled(value);
  }
}

/** Deletes `current`; answers `last`, its final state, under the revision of the delete. */
export async function removeNow(
  env: Environment,
  served: Served,
  current: StoredItem,
  last?: KubeObject,
): Promise<StoredObject> {
  const storeKey = env.cache.storeKey(served.groupResource, current.key);
  const revision = await env.store.delete(storeKey, current.revision);
  if (last === undefined) return current.atRevision(revision);
  last.metadata.resourceVersion = String(revision);
  return looseObject(last, revision, current.key);
}
