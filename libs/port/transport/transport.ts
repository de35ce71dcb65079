import type { KubeList, KubeObject, Status } from '@drydock/base/apimachinery';

/** Names a collection, an object or a subresource. */
export interface ResourceRef {
  /** '' for the core group. */
  group: string;
  version: string;
  /** Plural, lower case. */
  resource: string;
  /** Absent for cluster-scoped resources and for lists across namespaces. */
  namespace?: string;
  name?: string;
  /** `status`, `scale`, `binding`, … */
  subresource?: string;
}

export type DryRun = readonly 'All'[];

export interface GetOptions {
  /** Absent: the newest. '0': whatever the cache has. Otherwise at least this revision. */
  resourceVersion?: string;
  /** Further parameters, for what an extension API server serves (the selectors of custom metrics). */
  query?: Readonly<Record<string, string>>;
}

export interface ListOptions {
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions {
  labelSelector?: string;
  fieldSelector?: string;
  /** Absent or '0': begins with an ADDED for everything there is. Otherwise: what followed that revision. */
  resourceVersion?: string;
  resourceVersionMatch?: 'NotOlderThan';
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
}

export interface WriteOptions {
  dryRun?: DryRun;
  fieldManager?: string;
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export interface PatchOptions extends WriteOptions {
  /** Server-side apply only: take over conflicting fields. */
  force?: boolean;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface Patch {
  type: PatchType;
  /** Parsed patch document: an array of operations for `json`, otherwise an object. */
  body: unknown;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  orphanDependents?: boolean;
  dryRun?: DryRun;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: WatchEventType;
  /** Shared with every other watcher: read-only. For BOOKMARK only kind, apiVersion and metadata.resourceVersion (and annotations) are set. */
  readonly object: T;
}

/**
 * One client's view of an API server, whatever carries it (in-process, gRPC).
 *
 * - Every failure rejects with an `ApiError`; a watch that cannot go on throws one (410 Expired: list again).
 * - What comes out is shared and read-only. What goes in is copied before the call returns its promise:
 *   passing parts of cached objects is safe, and so is changing the argument afterwards.
 * - `watch` yields non-empty batches in revision order. Ending the loop, or aborting `signal`, ends the watch.
 *   A watcher that does not keep up is ended by the server without error: watch again from the last revision seen.
 */
export interface Transport {
  get(ref: ResourceRef, options?: GetOptions): Promise<KubeObject>;
  list(ref: ResourceRef, options?: ListOptions): Promise<KubeList>;
  create(ref: ResourceRef, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  update(ref: ResourceRef, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  patch(ref: ResourceRef, patch: Patch, options?: PatchOptions): Promise<KubeObject>;
  /** The deleted object's last state, or the object with its deletionTimestamp, or a Success Status, as Kubernetes answers. */
  delete(ref: ResourceRef, options?: DeleteOptions): Promise<KubeObject | Status>;
  deleteCollection(ref: ResourceRef, options?: DeleteOptions, list?: ListOptions): Promise<KubeList | Status>;
  watch(ref: ResourceRef, options: WatchOptions, signal: AbortSignal): AsyncIterable<readonly WatchEvent[]>;
  close(): Promise<void>;
}
