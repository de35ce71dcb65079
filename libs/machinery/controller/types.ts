import type { Clock, Random } from '@drydock/base/clock';
import type { KubeObject, ResourceType } from '@drydock/base/apimachinery';
import type { Logger, Metrics } from '@drydock/port/observability';
import type { Client } from '../client/types.ts';
import type { InformerFactory } from '../informer/types.ts';

/** All that a control loop gets. */
export interface ControllerDeps {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface ReconcileResult {
  /** Ask again after this long. */
  requeueAfterMs?: number;
  /** Ask again with back-off. */
  requeue?: boolean;
}

/** Makes the world as `key` asks; throws to be asked again with back-off; throws `TerminalError` when trying again is no use. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;

/** A watched type and which keys its events concern. `previous` is set on updates; `deleted` on deletes. */
export interface ControllerSource<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  keys(object: T, change: { previous?: T; deleted: boolean }): readonly string[];
}

export interface ControllerOptions {
  /** One name for logs, metrics, events and leases. */
  name: string;
  /** Declared with `source(type, keys)`. */
  sources: readonly ControllerSource[];
  /** Types that `reconcile` looks up in informers without being asked for their changes: waited for as the sources are. */
  reads?: readonly ResourceType[];
  reconcile: Reconcile;
  /** Default 5. */
  workers?: number;
}

/** A running loop. Made by `createController(options, deps)`. */
export interface Controller {
  readonly name: string;
  /** Waits for its informers, then works until `signal` aborts; resolves when the last reconcile has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** Adds a key from outside its sources (timers, other loops). */
  enqueue(key: string, afterMs?: number): void;
}

/** Every controller room exports one of these. */
export type ControllerFactory = (deps: ControllerDeps) => Controller;

/** Records Events about an object, aggregated as client-go's recorder does (count, lastTimestamp). Never throws, never blocks. */
export interface EventRecorder {
  event(
    about: KubeObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    options?: {
      /** The part of the object that is meant, e.g. `spec.containers{nginx}`. */
      fieldPath?: string;
      annotations?: Record<string, string>;
    },
  ): void;
  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void>;
}

/** Which dependents have been asked for but not yet seen, so that a stale cache does not make a loop create twice. */
export interface Expectations {
  expectCreations(key: string, count: number): void;
  expectDeletions(key: string, uids: readonly string[]): void;
  creationObserved(key: string): void;
  deletionObserved(key: string, uid: string): void;
  /** True when everything expected was seen, or the expectation is older than 5 minutes. */
  satisfied(key: string): boolean;
  forget(key: string): void;
}
