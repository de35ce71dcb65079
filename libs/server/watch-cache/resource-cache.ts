import type { KubeObject } from '@drydock/base/apimachinery';
import sortedBtree from 'sorted-btree';
import type { ChannelLimits } from './channel.ts';
import { Channel } from './channel.ts';
import { EventWindow } from './event-window.ts';
import type { FieldAccess, Filter } from './filter.ts';
import type { StoredItem } from './stored-object.ts';
import { Change } from './watch-event.ts';

// The package is CommonJS: its default import is the exports object in Node, and its `default` under bundlers.
const BTree = sortedBtree.default ?? (sortedBtree as unknown as typeof sortedBtree.default);
export type Tree = InstanceType<typeof BTree<string, StoredItem>>;

export interface ResourceCacheLimits {
  readonly windowEvents: number;
  readonly windowBytes: number;
  readonly snapshots: number;
  readonly snapshotMs: number;
  readonly channel: ChannelLimits;
}

/** Called after each change of a resource, in revision order, synchronously; must not throw. */
export type ChangeListener = (change: Change) => void;

interface Snapshot {
  readonly tree: Tree;
  /** The tree is what was there from this revision … */
  readonly from: number;
  /** … to this one at least. */
  upTo: number;
  expiresAt: number;
}

// Names are ASCII, where UTF-16 order and the store's UTF-8 order agree; RBAC names may be more, and then only
// the cache's own order matters, which this is for lists and their continuations alike.
const byKey = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const noFields: FieldAccess = { namespaced: true, fields: {}, indexedFields: [] };

/** Everything of one resource: the present, the recent past, and who watches. */
export class ResourceCache {
  access: FieldAccess = noFields;
  /** Revision of the last change of this resource; the present tree holds since then. */
  changedAt: number;
  window: EventWindow;
  readonly listeners = new Set<ChangeListener>();
  readonly #limits: ResourceCacheLimits;
  #items = new Map<string, StoredItem>();
  #tree: Tree = new BTree<string, StoredItem>(undefined, byKey);
  #snapshots: Snapshot[] = [];
  /** field → value → keys; built when first asked for. */
  #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #channels = new Map<string, Channel>();
  readonly #wide = new Set<Channel>();
  readonly #byNamespace = new Map<string, Set<Channel>>();
  readonly #byKey = new Map<string, Set<Channel>>();
  readonly #byField = new Map<string, Map<string, Set<Channel>>>();

  constructor(revision: number, limits: ResourceCacheLimits) {
    this.#limits = limits;
    this.changedAt = revision;
    this.window = new EventWindow(revision, limits.windowEvents, limits.windowBytes);
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): StoredItem | undefined {
    return this.#items.get(key);
  }

  /** The present state. Do not change it; `clone()` it to keep it. */
  get tree(): Tree {
    return this.#tree;
  }

  /** Puts an item in place without telling anybody: the first list. */
  load(item: StoredItem): void {
    this.#items.set(item.key, item);
    this.#tree.set(item.key, item);
  }

  /** Starts again from nothing at a revision; every watch of the resource ends. */
  reset(revision: number): void {
    this.#items = new Map();
    this.#tree = new BTree<string, StoredItem>(undefined, byKey);
    this.#snapshots = [];
    this.#indexes.clear();
    this.changedAt = revision;
    this.window = new EventWindow(revision, this.#limits.windowEvents, this.#limits.windowBytes);
    this.endWatches();
  }

  endWatches(): void {
    for (const channel of this.#channels.values()) channel.endAll();
  }

  /** Takes over one committed change. Calls `woken` for each channel that has readers to wake. */
  apply(
    at: string,
    revision: number,
    current: StoredItem | undefined,
    woken: (channel: Channel) => void,
  ): void {
    const previous = this.#items.get(at);
    // One instance of the key for all of an object's life: comparing it with itself is free, and `at` is a slice.
    const key = previous?.key ?? current?.key ?? at;
    if (current === undefined) {
      if (previous === undefined) return;
      this.#items.delete(key);
      this.#tree.delete(key);
    } else {
      this.#items.set(key, current);
      this.#tree.set(key, current);
    }
    this.changedAt = revision;
    const change = new Change(key, revision, current, previous);
    this.window.push(change);
    if (this.#indexes.size > 0) this.#reindex(change);
    for (const listener of this.listeners) listener(change);
    if (this.#channels.size > 0) this.#dispatch(change, woken);
    // The window keeps what was replaced, for resumes; its bytes are enough. What was deleted is about to be looked at.
    if (current !== undefined) previous?.shed();
  }

  #dispatch(change: Change, woken: (channel: Channel) => void): void {
    const offer = (channel: Channel): void => {
      if (channel.publish(change)) woken(channel);
    };
    for (const channel of this.#wide) offer(channel);
    if (this.#byNamespace.size > 0) {
      const slash = change.key.indexOf('/');
      const channels = slash < 0 ? undefined : this.#byNamespace.get(change.key.slice(0, slash));
      if (channels !== undefined) for (const channel of channels) offer(channel);
    }
    if (this.#byKey.size > 0) {
      const channels = this.#byKey.get(change.key);
      if (channels !== undefined) for (const channel of channels) offer(channel);
    }
    for (const [field, byValue] of this.#byField) {
      const read = this.access.fields[field];
      if (read === undefined) continue;
      const is = change.current === undefined ? undefined : read(change.current.object);
      const was = change.previous === undefined ? undefined : read(change.previous.object);
      if (is !== undefined) for (const channel of byValue.get(is) ?? []) offer(channel);
      if (was !== undefined && was !== is) for (const channel of byValue.get(was) ?? []) offer(channel);
    }
  }

  /** The channel of a filter, made when it is the first to ask. Every call is paired with a `release`. */
  subscribe(filter: Filter): Channel {
    const known = this.#channels.get(filter.id);
    if (known !== undefined && !known.ended) return known;
    const channel = new Channel(filter, this.#limits.channel);
    this.#channels.set(filter.id, channel);
    this.#place(channel, true);
    return channel;
  }

  /** Forgets a channel that nobody reads any more. */
  release(channel: Channel): void {
    if (channel.readers.size > 0) return;
    if (this.#channels.get(channel.filter.id) === channel) this.#channels.delete(channel.filter.id);
    this.#place(channel, false);
  }

  #place(channel: Channel, add: boolean): void {
    const { key, namespace, indexed } = channel.filter;
    if (key !== undefined) placeIn(this.#byKey, key, channel, add);
    else if (indexed !== undefined) {
      let byValue = this.#byField.get(indexed.field);
      if (byValue === undefined) this.#byField.set(indexed.field, (byValue = new Map()));
      placeIn(byValue, indexed.value, channel, add);
      if (byValue.size === 0) this.#byField.delete(indexed.field);
    } else if (namespace !== undefined) placeIn(this.#byNamespace, namespace, channel, add);
    else if (add) this.#wide.add(channel);
    else this.#wide.delete(channel);
  }

  /** Keys with this value in an indexed field, in order. */
  keysByIndex(field: string, value: string): string[] {
    let index = this.#indexes.get(field);
    if (index === undefined) {
      this.#indexes.set(field, (index = new Map()));
      for (const item of this.#items.values()) this.#enter(index, field, item.key, item.object);
    }
    return [...(index.get(value) ?? [])].sort(byKey);
  }

  #enter(index: Map<string, Set<string>>, field: string, key: string, object: KubeObject): void {
    const value = this.access.fields[field]?.(object) ?? '';
    // The empty value would hold most of the cluster at times, and selectors on it do not use the index.
    if (value === '') return;
    const keys = index.get(value);
    if (keys === undefined) index.set(value, new Set([key]));
    else keys.add(key);
  }

  #reindex({ key, current, previous }: Change): void {
    for (const [field, index] of this.#indexes) {
      const read = this.access.fields[field]!;
      const was = previous === undefined ? '' : read(previous.object);
      if (current !== undefined && read(current.object) === was) continue;
      const keys = index.get(was);
      if (keys !== undefined && keys.delete(key) && keys.size === 0) index.delete(was);
      if (current !== undefined) this.#enter(index, field, key, current.object);
    }
  }

  /** Keeps the present for lists that continue at `revision` (the cache's, which the present tree is exact for). */
  keepSnapshot(revision: number, now: number): void {
    const { snapshots, snapshotMs } = this.#limits;
    this.#snapshots = this.#snapshots.filter((snapshot) => snapshot.expiresAt > now);
    const last = this.#snapshots.at(-1);
    if (last !== undefined && last.from === this.changedAt) {
      last.upTo = revision;
      last.expiresAt = now + snapshotMs;
      return;
    }
    if (this.#snapshots.length >= snapshots) this.#snapshots.shift();
    this.#snapshots.push({
      tree: this.#tree.clone(),
      from: this.changedAt,
      upTo: revision,
      expiresAt: now + snapshotMs,
    });
  }

  /** The resource as it was at `revision` (not later than the cache's own), or undefined when that is no longer known. */
  treeAt(revision: number, now: number): Tree | undefined {
    if (revision >= this.changedAt) return this.#tree;
    for (const { tree, from, upTo, expiresAt } of this.#snapshots) {
      if (revision >= from && revision <= upTo && expiresAt > now) return tree;
    }
    if (revision < this.window.floor) return undefined;
    // The window knows what each later change replaced: undo them on a copy.
    const tree = this.#tree.clone();
    const undone = this.window.since(revision);
    for (let i = undone.length - 1; i >= 0; i--) {
      const { key, previous } = undone[i]!;
      if (previous === undefined) tree.delete(key);
      else tree.set(key, previous);
    }
    return tree;
  }
}

function placeIn(index: Map<string, Set<Channel>>, value: string, channel: Channel, add: boolean): void {
  let channels = index.get(value);
  if (add) {
    if (channels === undefined) index.set(value, (channels = new Set()));
    channels.add(channel);
  } else if (channels?.delete(channel) === true && channels.size === 0) index.delete(value);
}
