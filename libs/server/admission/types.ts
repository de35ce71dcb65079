import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition, StrategyContext } from '../registry/types.ts';
import type { Reinvocation } from './reinvocation.ts';

/** CONNECT leads a client to a Pod, a Service or a Node, and writes nothing. */
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** One write on its way to the store, or one connection. */
export interface AdmissionRequest {
  readonly operation: Operation;
  readonly definition: ResourceDefinition;
  /** '' for the resource itself. */
  readonly subresource: string;
  readonly namespace: string | undefined;
  /** Of the object, where it is not the resource's own: what is posted to a subresource (Eviction, Binding). */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** '' on creates whose name is not known yet. */
  readonly name: string;
  /**
   * A private draft on CREATE and UPDATE, to be changed by `admit`; on DELETE the present object, read-only; on CONNECT the
   * options of the connection.
   */
  readonly object: KubeObject;
  /** The present object on UPDATE, read-only. */
  readonly old: KubeObject | undefined;
  readonly context: StrategyContext;
  /** Of a deletion: what it was asked with. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Set by the first that changes objects at its will: policies, webhooks. */
  reinvocation?: Reinvocation | undefined;
  /** Calls back once when the write is over: true when it was committed. For what was reserved in `admit`. */
  onSettled(callback: (committed: boolean) => void): void;
}

/**
 * One admission controller, named as in Kubernetes. Throws an ApiError to refuse. Both phases may answer without a promise.
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Takes part in connections too. Default: in writes alone. */
  readonly connects?: boolean;
  /** Its `admit` runs once, after all that may change the object at their will. Default: in its turn, in each round. */
  readonly settles?: boolean;
  /** Asked once for each resource, subresource and operation. */
  handles(definition: ResourceDefinition, subresource: string, operation: Operation): boolean;
  /** Changes the draft. Runs before validation. */
  admit?(request: AdmissionRequest): void | Promise<void>;
  /** Sees the final object. Runs after validation. */
  validate?(request: AdmissionRequest): void | Promise<void>;
}

/** The plugins that take part in one kind of write, in order. */
export interface AdmissionChain {
  admit(request: AdmissionRequest): void | Promise<void>;
  validate(request: AdmissionRequest): void | Promise<void>;
}

export interface Admission {
  /** Undefined when no plugin takes part. */
  chain(
    definition: ResourceDefinition,
    subresource: string,
    operation: Operation,
  ): AdmissionChain | undefined;
}
