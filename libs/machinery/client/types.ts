import type { KubeList, KubeObject, ResourceType, Status } from '@drydock/base/apimachinery';
import type {
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@drydock/port/transport';

/** Typed verbs on one resource, in one namespace (or across all, or cluster-scoped). Errors and sharing as `Transport`. */
export interface ResourceClient<T extends KubeObject> {
  /** The same resource in one namespace. */
  namespace(namespace: string): ResourceClient<T>;
  get(name: string, options?: GetOptions): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  /** Namespace comes from the client or, where that has none, from the object. */
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, patch: Patch, options?: PatchOptions & { subresource?: string }): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<T | Status>;
  deleteCollection(options?: DeleteOptions, list?: ListOptions): Promise<KubeList<T> | Status>;
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<readonly WatchEvent<T>[]>;
  /** Posts to a subresource, e.g. `create('binding')`. */
  createSubresource(
    name: string,
    subresource: string,
    object: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject>;
  getSubresource(name: string, subresource: string, options?: GetOptions): Promise<KubeObject>;
  updateSubresource(
    name: string,
    subresource: string,
    object: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject>;
}

export interface Client {
  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T>;
}
