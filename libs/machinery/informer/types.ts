import type { KubeObject, ResourceType } from '@drydock/base/apimachinery';

export interface InformerOptions<T extends KubeObject> {
  /** Name → the index values of an object. */
  indexers?: Record<string, (object: T) => readonly string[]>;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface InformerHandler<T extends KubeObject> {
  added?(object: T): void;
  /** Called on change only: a relist that finds the same resourceVersion calls nothing. */
  updated?(object: T, previous: T): void;
  /** `object` is the last state known. */
  deleted?(object: T): void;
}

/**
 * A local, eventually consistent copy of one resource: list, then watch; relists on 410 and on any gap.
 * Handlers run synchronously in event order after the copy has changed; a handler added late first gets an
 * `added` for everything there is. Objects are shared: read-only.
 */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** Key is `namespace/name`, or `name` when cluster-scoped. */
  get(key: string): T | undefined;
  list(): T[];
  byIndex(index: string, value: string): T[];
  /** Adds indexers after construction (a shared informer may get several users). */
  addIndexers(indexers: Record<string, (object: T) => readonly string[]>): void;
  /** Returns the function that removes the handler. */
  addHandler(handler: InformerHandler<T>): () => void;
  hasSynced(): boolean;
  /** Resolves when the first list is in. Rejects when `signal` aborts first. */
  waitForSync(signal?: AbortSignal): Promise<void>;
  /** Revision of the newest event or list seen. */
  lastRevision(): string | undefined;
}

/** Informers shared by everything in one process, one for each type and set of options. */
export interface InformerFactory {
  /** Same type and same namespace/selectors give the same informer; indexers are merged. Starts it if the factory runs. */
  informer<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions<T>): Informer<T>;
  /** Stops and forgets the informers of a type that is no longer served. Their handlers hear nothing more. */
  release(type: ResourceType): void;
  start(): void;
  waitForSync(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
