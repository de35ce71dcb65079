import type { Clock, Timer } from '@drydock/base/clock';
import {
  isInteresting,
  type ClusterEvent,
  type ClusterEventInterest,
  type PodInfo,
  type QueuedPod,
  type Status,
} from '../framework/index.ts';
import { createPriorityHeap } from './priority-heap.ts';

export interface SchedulingQueueOptions {
  readonly clock: Clock;
  /** Called when there may be something to take. */
  readonly wake: () => void;
  /** Order of the active Pods: below zero when `a` goes first. */
  readonly compare: (a: QueuedPod, b: QueuedPod) => number;
  /** Keeps a Pod out while it answers a status. */
  readonly preEnqueue?: (pod: PodInfo) => Status | undefined;
  /** The events that matter to Pods that a plugin refused; undefined: all. */
  readonly interests?: (plugin: string, pod: PodInfo) => readonly ClusterEventInterest[] | undefined;
  /** Default 1 s, doubling to 10 s. */
  readonly initialBackoffMs?: number;
  readonly maxBackoffMs?: number;
  /** How long a refused Pod waits for an event at most. Default 5 min. */
  readonly maxUnschedulableMs?: number;
}

/** The verdict on an attempt: who refused; or an error, which is tried again after a back-off. */
export type Verdict = { readonly refusedBy: ReadonlySet<string> } | { readonly error: true };

/**
 * The Pods that wait for a node: active ones, by the profile's order; ones that back off, who go on early when
 * nothing else is active; refused ones, aside until an event that may help them; gated ones.
 */
export interface SchedulingQueue {
  /** Adds a Pod, or takes its newer form; `change` tells what is different about a Pod that is already here. */
  set(info: PodInfo, change?: ClusterEvent): void;
  remove(key: string): void;
  /** Takes the first Pod; undefined when there is none. The caller answers with `done` or `refused`. */
  take(): QueuedPod | undefined;
  done(key: string): void;
  refused(key: string, verdict: Verdict): void;
  /** Something changed: refused Pods that it may help go on, after their back-off; what gated others may be over. */
  event(event: ClusterEvent): void;
  /** Has a gated or refused Pod go on at once. */
  activate(key: string): void;
  /** What gated the Pod may be over. */
  recheck(key: string): void;
  readonly sizes: {
    readonly active: number;
    readonly backoff: number;
    readonly unschedulable: number;
    readonly gated: number;
  };
}

type Place = 'active' | 'backoff' | 'inFlight' | 'unschedulable' | 'gated';

interface Entry extends QueuedPod {
  info: PodInfo;
  attempts: number;
  order: number;
  place: Place;
  /** Refusals and errors in a row; the back-off grows with them. */
  refusals: number;
  errors: number;
  refusedBy: ReadonlySet<string>;
  /** The plugin that keeps it out. */
  gatedBy: string | undefined;
  /** When the last attempt ended. */
  refusedAtMs: number;
  timer: Timer | undefined;
}

const sweepMs = 30_000;

export function createSchedulingQueue(options: SchedulingQueueOptions): SchedulingQueue {
  const { clock, wake, compare, preEnqueue, interests } = options;
  const { initialBackoffMs = 1_000, maxBackoffMs = 10_000, maxUnschedulableMs = 300_000 } = options;
  const entries = new Map<string, Entry>();
  const active = createPriorityHeap<Entry>((a, b) => compare(a, b) || a.order - b.order);
  const backingOff = createPriorityHeap<Entry>(
    (a, b) => backoffEndMs(a) - backoffEndMs(b) || a.order - b.order,
  );
  const unschedulable = new Set<Entry>();
  const gated = new Set<Entry>();
  let order = 0;
  let sweep: Timer | undefined;

  function backoffEndMs(entry: Entry): number {
    const count = entry.errors > 0 ? entry.errors : entry.refusals;
    if (count === 0) return 0;
    return entry.refusedAtMs + Math.min(maxBackoffMs, initialBackoffMs * 2 ** (count - 1));
  }

  function leave(entry: Entry): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    if (entry.place === 'active') active.delete(entry);
    else if (entry.place === 'backoff') backingOff.delete(entry);
    else if (entry.place === 'unschedulable') unschedulable.delete(entry);
    else if (entry.place === 'gated') gated.delete(entry);
  }

  function isGated(entry: Entry): boolean {
    const status = preEnqueue?.(entry.info);
    if (status === undefined) return false;
    leave(entry);
    entry.gatedBy = status.plugin;
    entry.place = 'gated';
    gated.add(entry);
    return true;
  }

  function activate(entry: Entry): void {
    if (isGated(entry)) return;
    leave(entry);
    entry.place = 'active';
    active.push(entry);
    wake();
  }

  /** Active, once the back-off is over. */
  function proceed(entry: Entry): void {
    const waitMs = backoffEndMs(entry) - clock.now();
    if (waitMs <= 0) {
      activate(entry);
      return;
    }
    if (isGated(entry)) return;
    leave(entry);
    entry.place = 'backoff';
    backingOff.push(entry);
    entry.timer = clock.setTimeout(() => {
      entry.timer = undefined;
      if (entry.place === 'backoff') activate(entry);
    }, waitMs);
    wake();
  }

  function planSweep(): void {
    sweep ??= clock.setTimeout(() => {
      sweep = undefined;
      const limit = clock.now() - maxUnschedulableMs;
      for (const entry of [...unschedulable]) if (entry.refusedAtMs <= limit) proceed(entry);
      if (unschedulable.size > 0) planSweep();
    }, sweepMs);
  }

  function helps(entry: Entry, event: ClusterEvent): boolean {
    if (entry.refusedBy.size === 0 || interests === undefined) return true;
    for (const plugin of entry.refusedBy)
      if (isInteresting(interests(plugin, entry.info), entry.info, event)) return true;
    return false;
  }

  /** Whether the plugin that keeps a Pod out has named events that matter to it, this one among them. */
  function frees({ gatedBy, info }: Entry, event: ClusterEvent): boolean {
    const named = gatedBy === undefined ? undefined : interests?.(gatedBy, info);
    return named !== undefined && isInteresting(named, info, event);
  }

  return {
    get sizes() {
      return {
        active: active.size,
        backoff: backingOff.size,
        unschedulable: unschedulable.size,
        gated: gated.size,
      };
    },
    set(info, change) {
      const known = entries.get(info.key);
      if (known !== undefined && known.info.pod.metadata.uid === info.pod.metadata.uid) {
        const reorder = known.place === 'active' && known.info.priority !== info.priority;
        if (reorder) leave(known);
        known.info = info;
        if (reorder) active.push(known);
        if (known.place === 'gated') activate(known);
        else if (known.place === 'unschedulable' && change !== undefined && helps(known, change))
          proceed(known);
        return;
      }
      if (known !== undefined) leave(known);
      const entry: Entry = {
        info,
        timestampMs: clock.now(),
        order: order++,
        attempts: 0,
        place: 'inFlight',
        refusals: 0,
        errors: 0,
        refusedBy: new Set(),
        gatedBy: undefined,
        refusedAtMs: 0,
        timer: undefined,
      };
      entries.set(info.key, entry);
      activate(entry);
    },
    remove(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      leave(entry);
      entries.delete(key);
    },
    take() {
      let entry = active.pop();
      if (entry === undefined) {
        // Nobody to be kept waiting: what backs off from a refusal may try early, what failed may not.
        const early = backingOff.pop();
        if (early === undefined) return undefined;
        if (early.errors > 0) {
          backingOff.push(early);
          return undefined;
        }
        early.timer?.cancel();
        early.timer = undefined;
        entry = early;
      }
      entry.place = 'inFlight';
      entry.attempts++;
      return entry;
    },
    done(key) {
      const entry = entries.get(key);
      if (entry?.place === 'inFlight') entries.delete(key);
    },
    refused(key, verdict) {
      const entry = entries.get(key);
      if (entry?.place !== 'inFlight') return;
      entry.refusedAtMs = clock.now();
      if ('error' in verdict) {
        entry.errors++;
        entry.refusedBy = new Set();
        proceed(entry);
        return;
      }
      entry.errors = 0;
      entry.refusals++;
      entry.refusedBy = verdict.refusedBy;
      entry.place = 'unschedulable';
      unschedulable.add(entry);
      planSweep();
    },
    event(event) {
      if (unschedulable.size > 0)
        for (const entry of [...unschedulable]) if (helps(entry, event)) proceed(entry);
      if (gated.size > 0) for (const entry of [...gated]) if (frees(entry, event)) proceed(entry);
    },
    activate(key) {
      const entry = entries.get(key);
      if (entry !== undefined && (entry.place === 'unschedulable' || entry.place === 'gated'))
        activate(entry);
    },
    recheck(key) {
      const entry = entries.get(key);
      if (entry?.place === 'gated') activate(entry);
    },
  };
}
