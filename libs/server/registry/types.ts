import type { Clock, Random } from '@drydock/base/clock';
import type { FieldError, KubeObject, LabelSelector } from '@drydock/base/apimachinery';
import type { DryRun } from '@drydock/port/transport';
import type { StoredObject } from '../watch-cache/index.ts';

/** Who asks. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a strategy may know about the request and the world. */
export interface StrategyContext {
  readonly user: UserInfo;
  readonly clock: Clock;
  readonly random: Random;
  readonly dryRun: DryRun;
  /** What else a write was asked with, as it was (fieldManager, fieldValidation). */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Adds a `Warning:` header (code 299) to the answer. */
  warn(message: string): void;
  /** Group and version that the request is made in, which may be another face of what is stored. Undefined: nobody's. */
  readonly requestVersion?: string | undefined;
  /** Reads another object from the cache; undefined when it is not there. `key` is `namespace/name` or `name`. */
  lookup(group: string, resource: string, key: string): KubeObject | undefined;
  /** All other objects of a resource, or those of one namespace, from the cache. */
  items(group: string, resource: string, namespace?: string): readonly KubeObject[];
}

/**
 * What is particular about one kind. All hooks are optional; every hook that changes the object changes `object` in place
 * (a private draft). Order on create: decode → scalar and declared defaults (generated tables) → `defaults` →
 * `prepareForCreate` → generic metadata → admission → `validate` → store.
 * Order on update: decode → defaults → `prepareForUpdate` → generic metadata rules → admission → `validateUpdate` → store.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Defaults that the generated tables cannot express. Must be idempotent; also applied on update. */
  defaults?(object: T): void;
  /** Keeps the `status` that a creation brings, against the generic rule: for kinds whose creator reports it at once (Node). */
  keepStatusOnCreate?: boolean;
  /** E.g. reset status. The generic rule already drops `status` on create and keeps the old `status` on update when a status subresource is declared. */
  prepareForCreate?(object: T, context: StrategyContext): void;
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void;
  /** Kubernetes' checks with its messages; generic metadata checks are done already. */
  validate?(object: T, context: StrategyContext): FieldError[];
  /** In addition to `validate` on the new object, which is run first (but see `updatesValidateAlone`). Immutable fields go here. */
  validateUpdate?(object: T, old: T, context: StrategyContext): FieldError[];
  /** Updates run `validateUpdate` only: for kinds that let unchanged values be wrong. Default false. */
  updatesValidateAlone?: boolean;
  /** For writes to `status`: `object` has the old spec and metadata (but for what Kubernetes lets status writes change). */
  prepareForStatusUpdate?(object: T, old: T, context: StrategyContext): void;
  validateStatusUpdate?(object: T, old: T, context: StrategyContext): FieldError[];
  /** Non-fatal advice, answered as `Warning:` headers. */
  warnings?(object: T, old: T | undefined): string[];
  /** The same for writes to `status`. */
  statusWarnings?(object: T): string[];
  /**
   * `metadata.name` check. Default 'dns1123subdomain'. Kubernetes: services 'dns1035label' , namespaces 'dns1123label',
   * rbac kinds 'path' (any path segment).
   */
  nameFormat?: 'dns1123subdomain' | 'dns1123label' | 'dns1035label' | 'path';
  /** Kinds that count generations: default true when `spec` exists; bump on any change outside metadata and status. Set false where Kubernetes has none (ConfigMap, Service before 1.2x, …). */
  generation?: boolean;
  /** PUT of an unknown name creates it. Default false (true for a few: leases, events, …, as in Kubernetes). */
  allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion is allowed. Default true, as for most of Kubernetes. */
  allowUnconditionalUpdate?: boolean;
  /**
   * Kinds with graceful deletion (Pod): seconds to wait before the object goes; 0 or undefined deletes at once.
   * `requested` is the caller's gracePeriodSeconds.
   */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined;
  /** DELETE of an object that goes at once answers the object instead of a Status (Pod, Service, ServiceAccount, …). Default false. */
  returnDeletedObject?: boolean;
  /** Something besides metadata.finalizers keeps a deleted object in place (a Namespace's spec.finalizers). */
  deletionBlocked?(object: T): boolean;
  /** Called on the draft that gets its deletionTimestamp (a Namespace becomes Terminating). */
  prepareForDelete?(object: T, context: StrategyContext): void;
  /** Finalizers that an object gets when its deletion begins, to be removed by who cleans up after it. */
  finalizersOnDelete?: readonly string[];
  /** Propagation used when the caller names none. Default 'Background' (ReplicationController and Job: 'Orphan'). */
  defaultPropagation?: 'Orphan' | 'Background' | 'Foreground';
}

export interface TableColumn<T extends KubeObject = KubeObject> {
  /** Header text as Kubernetes has it: `Name`, `Ready`, `Up-To-Date`, … */
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` for the name column. */
  readonly format?: string;
  readonly description: string;
  /** 0 shows always, 1 only with `-o wide`. */
  readonly priority?: number;
  /** The cell. `now` is milliseconds since the epoch, for ages. */
  cell(object: T, now: number): string | number | boolean | null;
}

/** What a whole row of a table says of its object, beside the cells. */
export interface TableRowCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** Reads a selectable field. A method, so that definitions of particular kinds fit where any definition is asked for. */
export interface SelectableField<T extends KubeObject = KubeObject> {
  read(object: T): string;
}

export interface ScaleSubresource {
  /** Dotted path, e.g. `spec.replicas`. */
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** Gives the selector in string form for Scale.status.selector. */
  selector(object: KubeObject): LabelSelector | string | undefined;
}

/** What a subresource of its own kind does (binding, eviction, token, finalize …). Log and the interactive ones are the HTTP layer's. */
export interface SubresourceHandler {
  /** Kind of the body and of the answer, as in discovery. */
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  /** The generated message of the body, for kinds that have no path of their own. */
  readonly schema?: string;
  readonly verbs: readonly ('create' | 'get' | 'update' | 'patch')[];
  get?(request: SubresourceRequest): Promise<KubeObject>;
  create?(request: SubresourceRequest, body: KubeObject): Promise<KubeObject>;
  update?(request: SubresourceRequest, body: KubeObject): Promise<KubeObject>;
}

export interface SubresourceRequest {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly context: StrategyContext;
  /** Reads the parent or rejects NotFound. */
  parent(): Promise<KubeObject>;
  /** Read-modify-write of the parent with conflict retry: `change` edits a private draft; throw an ApiError to refuse. Skips the strategy's validation. */
  updateParent(change: (draft: KubeObject) => void): Promise<KubeObject>;
  /** The same for another object, by its resource and name, in the parent's namespace. */
  updateOther(
    resource: { readonly group: string; readonly version: string; readonly resource: string },
    name: string,
    change: (draft: KubeObject) => void,
  ): Promise<KubeObject>;
  /** Deletes the parent as the DELETE verb would. */
  deleteParent(options: {
    gracePeriodSeconds?: number;
    preconditions?: { uid?: string; resourceVersion?: string };
  }): Promise<KubeObject>;
}

/**
 * How objects of a kind that has no generated message are shaped, stored and shown: custom resources. One for each served
 * version and state of its schema; its identity marks the bytes that were made under it.
 */
export interface CustomFormat {
  /** Objects are stored in this version. */
  readonly isStorageVersion?: boolean;
  /** The schema, for documentation and merging. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Given where there are several versions: the fields are read from objects as this version shows them. */
  readonly selectableFields?: Readonly<Record<string, SelectableField['read']>>;
  /**
   * Prunes and fills a decoded body in place, metadata aside. Answers the paths of unknown fields.
   * @throws ApiError 400
   */
  shape(object: KubeObject): readonly string[];
  /** What `show` must wait for before it is asked for these; undefined when nothing. Rejects when a conversion fails. */
  prepare(items: readonly StoredObject[]): Promise<void> | undefined;
  /** A stored object in this version: the very same where its bytes serve. `prepare` must have been waited for. */
  show(stored: StoredObject): StoredObject;
  /** An object of this version as it is stored: the very same where this version is the stored one. */
  toStorage(object: KubeObject): KubeObject | Promise<KubeObject>;
}

/**
 * Declares one resource; routes, discovery, tables, OpenAPI and gRPC follow from it.
 * One file each, in `server/resources/<group>/<resource>.ts`.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** Default: all of create delete deletecollection get list patch update watch. Review kinds: only create. */
  readonly verbs?: readonly string[];
  readonly strategy: Strategy<T>;
  readonly status?: boolean;
  readonly scale?: ScaleSubresource;
  readonly subresources?: Readonly<Record<string, SubresourceHandler>>;
  /** The complete list, in order, as Kubernetes prints it, Name included. Default: Name and Age. */
  readonly columns?: readonly TableColumn<T>[];
  /** The order of the rows of a list, where it is not that of the objects. */
  tableOrder?(a: T, b: T): number;
  /** Conditions of an object's row (a Pod that is over is `Completed`). Default: none. */
  rowConditions?(object: T): readonly TableRowCondition[];
  /** Beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, SelectableField<T>['read']>>;
  /** Selectable fields whose value finds the objects through an index. Default: `spec.nodeName` where that is selectable. */
  readonly indexedFields?: readonly string[];
  /** The generated message that describes the kind (`k8s.io.api.apps.v1.Deployment`): schema for defaulting, merging, OpenAPI. */
  readonly schema: string;
  /** Given for custom resources: `schema` then only names the kind in OpenAPI. */
  readonly custom?: CustomFormat;
  /** Told with every answer, e.g. that the version is deprecated. */
  readonly warning?: string;
  /** For kinds answered without a store (reviews): handles create. */
  virtualCreate?(object: T, context: StrategyContext): Promise<T> | T;
  /** For kinds that are read from somewhere else than the store: all of them, in order, made anew for each request. */
  virtualRead?(): readonly T[];
  /** For kinds whose creation is that of a subresource of the object their `metadata.name` names (Binding). */
  readonly createsThrough?: { readonly resource: string; readonly subresource: string };
  /**
   * A second face of objects stored as another version or group (autoscaling/v1 on v2, events.k8s.io on core).
   * `toStored` and `fromStored` convert; everything else is the stored definition's.
   */
  readonly storedAs?: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
    toStored(object: KubeObject): KubeObject;
    fromStored(object: KubeObject): KubeObject;
  };
}
