import type { KubeList, KubeObject } from '@drydock/base/apimachinery';
import type { Component } from '../component/index.ts';
import type { ListOptions, ResourceRef, Transport } from '../transport/index.ts';

/**
 * The event bus: news of every committed change, on its way from the API servers to whoever follows a resource.
 *
 * The store is the truth, the bus carries news of it. What the bus promises:
 * - **Order.** Changes of one resource arrive in revision order.
 * - **Exactly once.** From a position on, each change arrives once: no gap, no duplicate; through reconnects, restarts of
 *   the carrier, and one publisher taking over from another.
 * - **No silent loss.** Where the first two cannot be kept (the carrier was emptied, the position is older than what it
 *   holds, a change was too big for it), the subscription ends with `Gap`, and the consumer lists again.
 * - **Bounds.** The carrier holds so many bytes for so long; a consumer that does not read is ended with `SlowConsumer`.
 *
 * A consumer lists (over RPC), takes the list's revision and cursor as its position, and subscribes from there.
 */

/** A place in the carrier, in a form only its implementation reads. Survives restarts; `Gap` where it is gone. */
export type EventCursor = string;

export interface EventPosition {
  /** Everything up to this revision is known to the consumer; nothing up to it is delivered. */
  readonly revision: number;
  /**
   * From a list's answer, or from the last event seen. Every change later than `revision` comes after it in the carrier.
   * Absent: a carrier that is addressed by revision does without; others answer `Gap`.
   */
  readonly cursor?: EventCursor | undefined;
}

export type BusEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface BusEvent {
  readonly type: BusEventType;
  /** Of the change. For a BOOKMARK: every change of the resource up to here has been delivered. */
  readonly revision: number;
  /** Revision of the state before this one, 0 for ADDED; absent where the carrier does not tell, and for a BOOKMARK. */
  readonly previousRevision?: number | undefined;
  /** The position right after this event, together with `revision`. */
  readonly cursor?: EventCursor | undefined;
  /** '' for cluster-scoped objects and for a BOOKMARK. */
  readonly namespace: string;
  readonly name: string;
  /**
   * The object in the API version it is stored in, with its resourceVersion; for DELETED its last state with the revision
   * of the delete (or, where that is no longer known, only kind, apiVersion and metadata with the names, the first two
   * empty). Parsed when first asked for. Read-only. A BOOKMARK has only `metadata.resourceVersion`.
   */
  readonly object: KubeObject;
}

export type EventsErrorCode =
  /** What follows the position is not (or no longer) known: list again. */
  | 'Gap'
  /** The consumer did not keep up and was let go: subscribe again from the last event seen. */
  | 'SlowConsumer'
  /** The subscriber was closed. */
  | 'Closed';

/** What a subscription ends with, beside the `ApiError`s of a carrier that asks an API server. */
export class EventsError extends Error {
  readonly code: EventsErrorCode;

  constructor(code: EventsErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EventsError';
    this.code = code;
  }
}

/** The consumer side. One for a process; safe for any number of subscriptions at once. */
export interface EventSubscriber {
  /**
   * Follows a collection (all namespaces or one) or one object from a position. Yields non-empty batches in revision order.
   * Ending the loop or aborting `signal` ends it without error. While the carrier is away it waits and then goes on; it
   * throws an `EventsError` when it cannot.
   *
   * Selectors are not the bus's business. `ref.version` matters only to carriers that ask an API server.
   */
  subscribe(ref: ResourceRef, from: EventPosition, signal: AbortSignal): AsyncIterable<readonly BusEvent[]>;
  /** True while the carrier can be reached. */
  ready(): boolean;
  /** Ends all subscriptions with `Closed`. Idempotent. */
  close(): Promise<void>;
}

export type PublisherRole =
  /** This process publishes. */
  | 'publishing'
  /** Another process does; this one watches whether it goes on doing so. */
  | 'standing-by'
  /** The carrier cannot be reached, or the publisher is not started. Nothing is lost: it catches up from the store. */
  | 'away';

/**
 * The producer side: follows the committed changes and publishes each exactly once, in revision order. Several API
 * servers each run one; one publishes at a time, and another takes over when it falls silent.
 * `start` does not wait for the carrier: an API server serves on without it. `ready` is true while published news is
 * up to date with the carrier (publishing or standing by).
 */
export interface EventPublisher extends Component {
  readonly role: PublisherRole;
  /**
   * A place that every change not yet committed will come after; undefined while unknown. To be taken *before* a
   * consistent list is read; handed out with that list it is the list's cursor.
   */
  cursor(): EventCursor | undefined;
  /** Everything up to this revision has been published, by whomever; 0 while unknown. */
  publishedRevision(): number;
}

/** A Transport that also tells a list's cursor: what the API server answered, or undefined where it has no bus. */
export interface CursorTransport extends Transport {
  listWithCursor(ref: ResourceRef, options?: ListOptions): Promise<ListWithCursor>;
}

export interface ListWithCursor {
  readonly list: KubeList;
  readonly cursor: EventCursor | undefined;
}
