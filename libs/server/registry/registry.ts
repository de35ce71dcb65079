import type { KubeObject, Status } from '@drydock/base/apimachinery';
import type {
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  PatchOptions,
  ResourceRef,
  WatchOptions,
  WriteOptions,
} from '@drydock/port/transport';
import type { StoredObject, StoredWatch } from '../watch-cache/index.ts';
import type { ResourceDefinition, UserInfo } from './types.ts';

/** Who asks, and where advice for the answer goes. */
export interface RequestContext {
  readonly user: UserInfo;
  /** The client program: a field manager where the request names none. */
  readonly userAgent?: string | undefined;
  /** Takes each `Warning:` of the answer. */
  readonly warn?: (message: string) => void;
  /** Repeated keys and the like that were found where the body was parsed (YAML, patches), in Go's words. */
  readonly decodingProblems?: readonly string[];
  /** Ends a watch. */
  readonly signal?: AbortSignal;
}

/** A body as raw JSON text, or parsed; a parsed one belongs to the registry from then on and is changed. */
export type Body = Uint8Array | KubeObject;

/** A page of objects. Items are shared, read-only; their bytes can be sent on as they are. */
export interface StoredList {
  readonly apiVersion: string;
  /** The list's kind: `PodList`. */
  readonly kind: string;
  readonly items: readonly StoredObject[];
  /** Items stand in the list with their kind and apiVersion: those of custom resources. Default: without. */
  readonly typedItems?: boolean;
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

export interface WriteResult {
  readonly stored: StoredObject;
  /** 201 rather than 200. */
  readonly created: boolean;
}

/** What a DELETE answers: the object (still there, or its last state), or a Success Status. */
export type DeleteResult =
  | {
      readonly stored: StoredObject;
      readonly status?: undefined;
      /** The object is still there: its grace period runs, or finalizers hold it. */
      readonly pending?: boolean;
    }
  | { readonly status: Status; readonly stored?: undefined };

/**
 * Kubernetes' generic registry over all declared resources. Every failure is an `ApiError`, thrown or as a rejection.
 * Reads are answered without a promise where the cache has the answer at hand.
 * `ref.subresource` is honoured by get, create, update and patch.
 */
export interface Registry {
  /** All served definitions, in the order they were declared. */
  definitions(): readonly ResourceDefinition[];
  definition(group: string, version: string, resource: string): ResourceDefinition | undefined;
  /** Serves one more resource (custom resources). Replaces one of the same group, version and name. */
  define(definition: ResourceDefinition): void;
  undefine(group: string, version: string, resource: string): void;
  get(ref: ResourceRef, options: GetOptions, context: RequestContext): StoredObject | Promise<StoredObject>;
  list(ref: ResourceRef, options: ListOptions, context: RequestContext): StoredList | Promise<StoredList>;
  /** Rejects where the watch cannot start (410, 400 …). Ends when `context.signal` aborts. */
  watch(ref: ResourceRef, options: WatchOptions, context: RequestContext): StoredWatch | Promise<StoredWatch>;
  create(ref: ResourceRef, body: Body, options: WriteOptions, context: RequestContext): Promise<StoredObject>;
  update(ref: ResourceRef, body: Body, options: WriteOptions, context: RequestContext): Promise<WriteResult>;
  patch(ref: ResourceRef, patch: Patch, options: PatchOptions, context: RequestContext): Promise<WriteResult>;
  delete(ref: ResourceRef, options: DeleteOptions, context: RequestContext): Promise<DeleteResult>;
  /** Answers the objects that were asked to go, as they were listed. */
  deleteCollection(
    ref: ResourceRef,
    options: DeleteOptions,
    list: ListOptions,
    context: RequestContext,
  ): Promise<StoredList>;
  /**
   * Asks admission whether a client may be connected with what a subresource leads to (`pods/exec`).
   * @param options of the connection, with their kind (`PodExecOptions`)
   */
  connect(
    ref: ResourceRef,
    options: { readonly kind: string } & Readonly<Record<string, unknown>>,
    context: RequestContext,
  ): Promise<void>;
}
