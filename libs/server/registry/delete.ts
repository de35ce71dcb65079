import type { FieldError, KubeObject, Status } from '@drydock/base/apimachinery';
import {
  conflict,
  formatTime,
  invalid,
  invalidValue,
  notFound,
  notSupported,
  parseTime,
} from '@drydock/base/apimachinery';
import type { DeleteOptions } from '@drydock/port/transport';
import type { StoredItem, StoredObject } from '../watch-cache/index.ts';
import { looseObject } from '../watch-cache/index.ts';
import { enterAdmission } from './admit.ts';
import { draftOf } from './draft.ts';
import type { Environment, Scope } from './environment.ts';
import { facesReady, inFace } from './face.ts';
import { foregroundFinalizer, orderedMeta, orphanFinalizer } from './object-meta.ts';
import type { DeleteResult } from './registry.ts';
import type { Served } from './served.ts';
import { catchUp, lostRace, storeFailure } from './store-failure.ts';
import { removeNow, swap } from './update.ts';

const attempts = 100;

/** @throws ApiError 422 where the options contradict each other */
export function checkDeleteOptions(options: DeleteOptions): void {
  const errors: FieldError[] = [];
  const policy: string | undefined = options.propagationPolicy;
  if (policy !== undefined && options.orphanDependents !== undefined) {
    errors.push(
      invalidValue(
        'propagationPolicy',
        policy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  }
  if (policy !== undefined && policy !== 'Foreground' && policy !== 'Background' && policy !== 'Orphan') {
    errors.push(notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  }
  const dryRun: readonly string[] = options.dryRun ?? [];
  if (dryRun.some((value) => value !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
}

/** Kubernetes' generic deletion: preconditions, grace, finalizers, propagation. */
export async function deleteObject(
  env: Environment,
  served: Served,
  key: string,
  name: string,
  options: DeleteOptions,
  scope: Scope,
): Promise<DeleteResult> {
  for (let attempt = 1; ; attempt++) {
    const pending = env.cache.fresh();
    if (pending !== undefined) await pending;
    const current = env.cache.peek(served.groupResource, key);
    if (current === undefined) throw notFound(served.groupResource, name);
    try {
      return await deleteCurrent(env, served, current, name, options, scope);
    } catch (error) {
      if (!lostRace(error)) throw storeFailure(error, served.groupResource);
      // With a precondition on the version the next round answers the conflict itself.
      if (attempt >= attempts) throw conflict(served.groupResource, name);
      await catchUp(env, error);
    }
  }
}

async function deleteCurrent(
  env: Environment,
  served: Served,
  current: StoredItem,
  name: string,
  options: DeleteOptions,
  scope: Scope,
): Promise<DeleteResult> {
  const ready = facesReady(served, [current]);
  if (ready !== undefined) await ready;
  const { object } = inFace(served, current);
  checkDeletePreconditions(served, current, name, options);
  // An eviction says so in the options it brings.
  const dry = scope.isDryRun || (options.dryRun?.length ?? 0) > 0;
  const passage = enterAdmission(env, served, '', 'DELETE', object, undefined, scope, {
    options: { ...options },
  });
  let committed = false;
  try {
    if (passage !== undefined) {
      const admitted = passage.chain.admit(passage.request);
      if (admitted !== undefined) await admitted;
      const validated = passage.chain.validate(passage.request);
      if (validated !== undefined) await validated;
    }
    const plan = planDeletion(served, object, options);
    let result: StoredObject;
    if (plan.kind === 'pending') return { stored: current, pending: true };
    if (plan.kind === 'mark') {
      const draft = markedDraft(env, served, object, plan, scope);
      result = dry ? looseObject(draft, 0, current.key) : await swap(env, served, current, draft);
      committed = true;
      return { stored: result, pending: true };
    }
    let last: KubeObject | undefined;
    if (plan.graceful) {
      last = draftOf(object);
      markGraceful(env, last, 0);
    }
    result = dry ? current : await removeNow(env, served, current, last);
    committed = true;
    if (served.strategy.returnDeletedObject === true) return { stored: result };
    return { status: deletedStatus(served, object) };
  } finally {
    passage?.settle(committed);
  }
}

function checkDeletePreconditions(
  served: Served,
  current: StoredItem,
  name: string,
  options: DeleteOptions,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const record = current.object.metadata;
  // Kubernetes names the kind here where other conflicts name the resource.
  const what = { group: served.groupKind.group, resource: served.groupKind.kind };
  if (uid !== undefined && uid !== null && uid !== record.uid) {
    throw conflict(
      what,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${record.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== null &&
    resourceVersion !== String(current.revision)
  ) {
    throw conflict(
      what,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.revision}). The object might have been modified`,
    );
  }
}

type DeletionPlan =
  /** It is on its way already and nothing changes. */
  | { readonly kind: 'pending' }
  /** It stays for now, with a deletionTimestamp. */
  | {
      readonly kind: 'mark';
      readonly graceSeconds: number | undefined;
      readonly finalizers: readonly string[];
    }
  /** It goes now; `graceful` when its last state tells of a grace period of 0. */
  | { readonly kind: 'remove'; readonly graceful: boolean };

function planDeletion(served: Served, object: KubeObject, options: DeleteOptions): DeletionPlan {
  const { strategy } = served;
  const { metadata } = object;
  const finalizers = finalizersFor(served, object, options);
  const held = finalizers.length > 0 || strategy.deletionBlocked?.(object) === true;
  const grace = gracefulSeconds(served, object, options);
  const before = metadata.finalizers ?? [];
  const sameFinalizers =
    before.length === finalizers.length && before.every((one) => finalizers.includes(one));
  if (grace === 'pending') return { kind: 'pending' };
  if (grace === undefined) {
    if (!held) return { kind: 'remove', graceful: false };
    if (metadata.deletionTimestamp && sameFinalizers) return { kind: 'pending' };
    return { kind: 'mark', graceSeconds: undefined, finalizers };
  }
  if (grace > 0 || held) return { kind: 'mark', graceSeconds: grace, finalizers };
  return { kind: 'remove', graceful: true };
}

/** Less than nothing counts as one second. */
function requestedGrace({ gracePeriodSeconds }: DeleteOptions): number | undefined {
  if (gracePeriodSeconds === undefined || gracePeriodSeconds === null) return undefined;
  return gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds;
}

/** Seconds of grace; undefined when the kind, or this object, knows none; 'pending' when a shorter one is running already. */
function gracefulSeconds(
  served: Served,
  object: KubeObject,
  options: DeleteOptions,
): number | undefined | 'pending' {
  const { strategy } = served;
  if (strategy.gracePeriodSeconds === undefined) return undefined;
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  if (deletionTimestamp) {
    if (deletionGracePeriodSeconds === undefined) return undefined;
    // The time is up; only finalizers hold it.
    if (deletionGracePeriodSeconds === 0) return undefined;
    const requested = requestedGrace(options);
    if (requested === undefined || requested >= deletionGracePeriodSeconds) return 'pending';
    return requested;
  }
  return strategy.gracePeriodSeconds(object, requestedGrace(options));
}

/** The finalizers after the caller's (or the kind's) wish for the dependents is written into them. */
function finalizersFor({ strategy }: Served, object: KubeObject, options: DeleteOptions): readonly string[] {
  const before = object.metadata.finalizers ?? [];
  const added = object.metadata.deletionTimestamp ? [] : (strategy.finalizersOnDelete ?? []);
  const kept = [...before, ...added.filter((finalizer) => !before.includes(finalizer))].filter(
    (finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer,
  );
  const policy = propagation(before, options, strategy.defaultPropagation);
  if (policy === 'Orphan') return [...kept, orphanFinalizer];
  if (policy === 'Foreground') return [...kept, foregroundFinalizer];
  return kept;
}

function propagation(
  finalizers: readonly string[],
  options: DeleteOptions,
  fallback: DeleteOptions['propagationPolicy'],
): DeleteOptions['propagationPolicy'] {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'Orphan' : 'Background';
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  if (finalizers.includes(foregroundFinalizer)) return 'Foreground';
  return fallback ?? 'Background';
}

function markedDraft(
  env: Environment,
  served: Served,
  object: KubeObject,
  plan: { readonly graceSeconds: number | undefined; readonly finalizers: readonly string[] },
  scope: Scope,
): KubeObject {
  const draft = draftOf(object);
  const { metadata } = draft;
  if (plan.graceSeconds !== undefined) markGraceful(env, draft, plan.graceSeconds);
  else {
    if (!metadata.deletionTimestamp) {
      metadata.deletionTimestamp = env.timestamp();
      bumpGeneration(draft);
    }
    // A Namespace, held by its spec, gets no grace period.
    if (served.strategy.deletionBlocked === undefined) metadata.deletionGracePeriodSeconds = 0;
  }
  metadata.finalizers = [...plan.finalizers];
  served.strategy.prepareForDelete?.(draft, scope);
  draft.metadata = orderedMeta(draft.metadata);
  return draft;
}

/** Starts the grace period, or shortens the one that runs. */
function markGraceful(env: Environment, draft: KubeObject, seconds: number): void {
  const { metadata } = draft;
  let period = seconds;
  if (metadata.deletionTimestamp) {
    const shorter = ((metadata.deletionGracePeriodSeconds ?? 0) - seconds) * 1000;
    const now = Math.floor(env.clock.now() / 1000) * 1000;
    const wanted = parseTime(metadata.deletionTimestamp) - shorter;
    // It is never in the past: what should be over already has a last second to be noticed in.
    if (wanted < now && seconds !== 0) period = 1;
    metadata.deletionTimestamp = formatTime(Math.max(wanted, now));
  } else {
    metadata.deletionTimestamp = formatTime((Math.floor(env.clock.now() / 1000) + seconds) * 1000);
    bumpGeneration(draft);
  }
  metadata.deletionGracePeriodSeconds = period;
}

function bumpGeneration({ metadata }: KubeObject): void {
  if ((metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1;
}

function deletedStatus(served: Served, object: KubeObject): Status {
  const { group, resource } = served.groupResource;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name ?? '',
      ...(group === '' ? {} : { group }),
      kind: resource,
      uid: object.metadata.uid ?? '',
    },
  };
}
