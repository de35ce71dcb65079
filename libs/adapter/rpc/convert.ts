import type {
  DeleteOptions,
  DryRun,
  GetOptions,
  ListOptions,
  PatchOptions,
  PatchType,
  ResourceRef,
  WatchEventType,
  WatchOptions,
} from '@drydock/port/transport';
import * as wire from './gen/drydock/v1/resource.ts';

// The wire knows no absent strings and numbers: '' and 0 stand for them (see resource.proto).

const text = (value: string): string | undefined => (value === '' ? undefined : value);
const count = (value: number): number | undefined => (value === 0 ? undefined : value);

/** Leaves out what is undefined, so that converted options look like hand-written ones. */
function compact<T extends object>(object: T): T {
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) delete (object as Record<string, unknown>)[key];
  }
  return object;
}

const dryRunFrom = (values: readonly string[]): DryRun | undefined =>
  values.length === 0 ? undefined : (values as DryRun);

export function refToWire(ref: ResourceRef): wire.ResourceRef {
  return {
    group: ref.group,
    version: ref.version,
    resource: ref.resource,
    namespace: ref.namespace ?? '',
    name: ref.name ?? '',
    subresource: ref.subresource ?? '',
  };
}

export function refFromWire(ref: wire.ResourceRef | undefined): ResourceRef {
  const { group, version, resource, namespace, name, subresource } = ref ?? wire.ResourceRef.fromPartial({});
  return compact({
    group,
    version,
    resource,
    namespace: text(namespace),
    name: text(name),
    subresource: text(subresource),
  });
}

export function getOptionsFromWire(request: wire.GetRequest): GetOptions {
  return compact({ resourceVersion: text(request.resourceVersion) });
}

export function listOptionsToWire(options: ListOptions): wire.ListOptions {
  return {
    labelSelector: options.labelSelector ?? '',
    fieldSelector: options.fieldSelector ?? '',
    limit: options.limit ?? 0,
    continue: options.continue ?? '',
    resourceVersion: options.resourceVersion ?? '',
    resourceVersionMatch: options.resourceVersionMatch ?? '',
  };
}

export function listOptionsFromWire(options: wire.ListOptions | undefined): ListOptions {
  if (options === undefined) return {};
  return compact({
    labelSelector: text(options.labelSelector),
    fieldSelector: text(options.fieldSelector),
    limit: count(options.limit),
    continue: text(options.continue),
    resourceVersion: text(options.resourceVersion),
    // Not checked here: the server answers for values it does not know.
    resourceVersionMatch: text(options.resourceVersionMatch) as ListOptions['resourceVersionMatch'],
  });
}

export function writeOptionsToWire(options: PatchOptions): wire.WriteOptions {
  return {
    dryRun: [...(options.dryRun ?? [])],
    fieldManager: options.fieldManager ?? '',
    fieldValidation: options.fieldValidation ?? '',
    force: options.force,
  };
}

export function writeOptionsFromWire(options: wire.WriteOptions | undefined): PatchOptions {
  if (options === undefined) return {};
  return compact({
    dryRun: dryRunFrom(options.dryRun),
    fieldManager: text(options.fieldManager),
    fieldValidation: text(options.fieldValidation) as PatchOptions['fieldValidation'],
    force: options.force,
  });
}

export function deleteOptionsToWire(options: DeleteOptions): wire.DeleteOptions {
  return {
    gracePeriodSeconds: options.gracePeriodSeconds,
    preconditionUid: options.preconditions?.uid,
    preconditionResourceVersion: options.preconditions?.resourceVersion,
    propagationPolicy: options.propagationPolicy ?? '',
    orphanDependents: options.orphanDependents,
    dryRun: [...(options.dryRun ?? [])],
  };
}

export function deleteOptionsFromWire(options: wire.DeleteOptions | undefined): DeleteOptions {
  if (options === undefined) return {};
  const { preconditionUid: uid, preconditionResourceVersion: resourceVersion } = options;
  return compact({
    gracePeriodSeconds: options.gracePeriodSeconds,
    preconditions:
      uid === undefined && resourceVersion === undefined ? undefined : compact({ uid, resourceVersion }),
    propagationPolicy: text(options.propagationPolicy) as DeleteOptions['propagationPolicy'],
    orphanDependents: options.orphanDependents,
    dryRun: dryRunFrom(options.dryRun),
  });
}

export function watchToWire(ref: ResourceRef, options: WatchOptions): wire.WatchRequest {
  return {
    ref: refToWire(ref),
    labelSelector: options.labelSelector ?? '',
    fieldSelector: options.fieldSelector ?? '',
    resourceVersion: options.resourceVersion ?? '',
    resourceVersionMatch: options.resourceVersionMatch ?? '',
    allowWatchBookmarks: options.allowWatchBookmarks ?? false,
    sendInitialEvents: options.sendInitialEvents,
    timeoutSeconds: options.timeoutSeconds ?? 0,
  };
}

export function watchOptionsFromWire(request: wire.WatchRequest): WatchOptions {
  return compact({
    labelSelector: text(request.labelSelector),
    fieldSelector: text(request.fieldSelector),
    resourceVersion: text(request.resourceVersion),
    resourceVersionMatch: text(request.resourceVersionMatch) as WatchOptions['resourceVersionMatch'],
    allowWatchBookmarks: request.allowWatchBookmarks || undefined,
    sendInitialEvents: request.sendInitialEvents,
    timeoutSeconds: count(request.timeoutSeconds),
  });
}

export const patchTypeToWire: Readonly<Record<PatchType, wire.PatchType>> = {
  json: wire.PatchType.PATCH_TYPE_JSON,
  merge: wire.PatchType.PATCH_TYPE_MERGE,
  strategic: wire.PatchType.PATCH_TYPE_STRATEGIC,
  apply: wire.PatchType.PATCH_TYPE_APPLY,
};

const patchTypes = new Map(Object.entries(patchTypeToWire).map(([name, type]) => [type, name as PatchType]));

/** Undefined for a type this version does not know. */
export const patchTypeFromWire = (type: wire.PatchType): PatchType | undefined => patchTypes.get(type);

export const eventTypeToWire: Readonly<Record<WatchEventType, wire.WatchEventType>> = {
  ADDED: wire.WatchEventType.WATCH_EVENT_TYPE_ADDED,
  MODIFIED: wire.WatchEventType.WATCH_EVENT_TYPE_MODIFIED,
  DELETED: wire.WatchEventType.WATCH_EVENT_TYPE_DELETED,
  BOOKMARK: wire.WatchEventType.WATCH_EVENT_TYPE_BOOKMARK,
};

const eventTypes = new Map(
  Object.entries(eventTypeToWire).map(([name, type]) => [type, name as WatchEventType]),
);

/** Undefined for a type this version does not know. */
export const eventTypeFromWire = (type: wire.WatchEventType): WatchEventType | undefined =>
  eventTypes.get(type);
