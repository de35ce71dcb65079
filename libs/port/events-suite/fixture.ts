import type { KubeObject } from '@drydock/base/apimachinery';
import { expect } from 'vitest';
import type { BusEvent, EventPosition, EventSubscriber, EventsErrorCode } from '../events/index.ts';
import { EventsError } from '../events/index.ts';
import type { ResourceRef } from '../transport/index.ts';

/** One bus to be tested, with a cluster behind it that can be written to. */
export interface EventsFixture {
  /** Writes a ConfigMap or (`things: 'secrets'`) a Secret; each resolves with the revision of the write. */
  write(change: FixtureWrite): Promise<number>;
  /** What an API server answers a list of ConfigMaps with: position, and revision by `namespace/name`. */
  list(): Promise<{ position: EventPosition; objects: ReadonlyMap<string, number> }>;
  readonly subscriber: EventSubscriber;
  /** Another subscriber, as of another process, that lets a consumer be this many events behind. */
  subscriberWith(options: { maxQueuedEvents: number }): EventSubscriber;
  /** Takes the carrier away without warning, waits for `meanwhile`, brings it back with what it had. */
  interrupt(meanwhile: () => Promise<void>): Promise<void>;
  /** Makes the carrier lose what it holds. Resolves when older positions can no longer be served. */
  forget(): Promise<void>;
  /** Kills the publisher, or the API server, that is at work; another one is there to go on. */
  takeOver(): Promise<void>;
  dispose(): Promise<void>;
}

export interface FixtureWrite {
  readonly verb: 'create' | 'update' | 'delete';
  readonly name: string;
  /** Default `default`. Namespaces exist as soon as they are used. */
  readonly namespace?: string;
  readonly things?: 'configmaps' | 'secrets';
}

/** The ConfigMaps of all namespaces, or as `over` says. */
export const configMaps = (over: Partial<ResourceRef> = {}): ResourceRef => ({
  group: '',
  version: 'v1',
  resource: 'configmaps',
  ...over,
});

export interface Recorded {
  readonly events: BusEvent[];
  readonly bookmarks: BusEvent[];
  /** Resolves when `done` says so; rejects when the subscription has ended before. */
  until(done: (events: readonly BusEvent[]) => boolean): Promise<BusEvent[]>;
  count(count: number): Promise<BusEvent[]>;
  /** Resolves with the code the subscription ended with, or undefined for an end without error. */
  end(): Promise<EventsErrorCode | undefined>;
  stop(): void;
}

/** Subscribes and keeps what comes. */
export function recordEvents(subscriber: EventSubscriber, ref: ResourceRef, from: EventPosition): Recorded {
  const stopper = new AbortController();
  const events: BusEvent[] = [];
  const bookmarks: BusEvent[] = [];
  let waiters: (() => void)[] = [];
  let ended: { error: unknown } | undefined;
  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const resume of woken) resume();
  };
  void (async () => {
    try {
      for await (const batch of subscriber.subscribe(ref, from, stopper.signal)) {
        expect(batch.length).toBeGreaterThan(0);
        for (const event of batch) (event.type === 'BOOKMARK' ? bookmarks : events).push(event);
        wake();
      }
      ended = { error: undefined };
    } catch (error) {
      ended = { error };
    }
    wake();
  })();
  const recorded: Recorded = {
    events,
    bookmarks,
    async until(done) {
      while (!done(events)) {
        if (ended !== undefined)
          throw new Error(`ended after ${events.length} events`, { cause: ended.error });
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
      return events;
    },
    count: (count) => recorded.until(() => events.length >= count),
    async end() {
      while (ended === undefined) await new Promise<void>((resolve) => waiters.push(resolve));
      if (ended.error === undefined) return undefined;
      if (!(ended.error instanceof EventsError)) throw ended.error;
      return ended.error.code;
    },
    stop: () => stopper.abort(),
  };
  return recorded;
}

/** What one test saw, in short. */
export const brief = (events: readonly BusEvent[]) =>
  events.map(({ type, namespace, name, revision }) => [type, `${namespace}/${name}`, revision]);

/** The position right after the last of these events. */
export function positionAfter(events: readonly BusEvent[]): EventPosition {
  const last = events.at(-1)!;
  return { revision: last.revision, cursor: last.cursor };
}

/** Each object's changes must be a whole history: rising revisions, each based on the one before. */
export function expectHistory(events: readonly BusEvent[]): void {
  let last = 0;
  const current = new Map<string, number>();
  for (const event of events) {
    expect(event.revision).toBeGreaterThan(last);
    last = event.revision;
    const object: KubeObject = event.object;
    expect(object.metadata.resourceVersion).toBe(String(event.revision));
    expect(object.metadata.name).toBe(event.name);
    const key = `${event.namespace}/${event.name}`;
    const before = current.get(key);
    if (before !== undefined && event.previousRevision !== undefined)
      expect(event.previousRevision).toBe(before);
    if (before !== undefined) expect(event.type === 'ADDED').toBe(before === 0);
    current.set(key, event.type === 'DELETED' ? 0 : event.revision);
  }
}

/** What a consumer holds after a list and the events that followed. */
export function replay(
  objects: ReadonlyMap<string, number>,
  events: readonly BusEvent[],
): Map<string, number> {
  const held = new Map(objects);
  for (const { type, namespace, name, revision } of events) {
    if (type === 'DELETED') held.delete(`${namespace}/${name}`);
    else held.set(`${namespace}/${name}`, revision);
  }
  return held;
}
