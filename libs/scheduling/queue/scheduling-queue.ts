import type { Clock, Timer } from '@drydock/base/clock';
import {
  isInteresting,
  type ClusterEvent,
  type ClusterEventInterest,
  type PodInfo,
  type QueuedPod,
  type Status,
} from '../framework/index.ts';
import { createInFlightEvents } from './in-flight-events.ts';
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

/**
 * The verdict on an attempt: who refused, and who of them waits for something that is on its way; or an error, which is
 * tried again after a back-off.
 */
export type Verdict =
  | { readonly refusedBy: ReadonlySet<string>; readonly pendingBy?: ReadonlySet<string> }
  | { readonly error: true };

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
  /** From here on the attempt can fail, but not be refused: what happens meanwhile need not be remembered. */
  settled(key: string): void;
  /**
   * Something changed: refused Pods that it may help go on, after their back-off; what gated others may be over. Only
   * Pods of which `among` holds, where it is given.
   */
  event(event: ClusterEvent, among?: (pod: PodInfo) => boolean): void;
  /** Has a gated or refused Pod, or one that backs off, go on at once; one that is being tried, after its back-off. */
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
  timestampMs: number;
  attempts: number;
  order: number;
  place: Place;
  /** Refusals and errors in a row; the back-off grows with them. */
  refusals: number;
  errors: number;
  refusedBy: ReadonlySet<string>;
  pendingBy: ReadonlySet<string>;
  /** The plugin that keeps it out. */
  gatedBy: string | undefined;
  /** It was to go on while it was being tried. */
  wanted: boolean;
  /** 0: it need not wait. */
  backoffEndMs: number;
}

/** How a Pod goes on that something helped: not at all, after its back-off, or at once. */
type Pace = 'no' | 'later' | 'now';

const sweepMs = 30_000;
/** Those whose back-off ends within one window go on in their order, not by the split second. */
const windowMs = 1_000;
const windowOf = (timeMs: number) => Math.floor(timeMs / windowMs) * windowMs;
const nobody: ReadonlySet<string> = new Set();

export function createSchedulingQueue(options: SchedulingQueueOptions): SchedulingQueue {
  const { clock, wake, compare, preEnqueue, interests } = options;
  const { initialBackoffMs = 1_000, maxBackoffMs = 10_000, maxUnschedulableMs = 300_000 } = options;
  const entries = new Map<string, Entry>();
  const active = createPriorityHeap<Entry>((a, b) => compare(a, b) || a.order - b.order);
  /** After refusals, and after errors. */
  const backingOff = createPriorityHeap<Entry>(
    (a, b) => a.backoffEndMs - b.backoffEndMs || compare(a, b) || a.order - b.order,
  );
  const failing = createPriorityHeap<Entry>((a, b) => a.backoffEndMs - b.backoffEndMs || a.order - b.order);
  const inFlight = createInFlightEvents();
  const unschedulable = new Set<Entry>();
  const gated = new Set<Entry>();
  let order = 0;
  let sweep: Timer | undefined;
  let flush: { readonly timer: Timer; readonly atMs: number } | undefined;

  function backoffEndMs({ errors, refusals, timestampMs }: Entry): number {
    const count = errors > 0 ? errors : refusals;
    if (count === 0 || maxBackoffMs === 0) return 0;
    return windowOf(timestampMs + Math.min(maxBackoffMs, initialBackoffMs * 2 ** (count - 1)));
  }

  const isBackingOff = ({ backoffEndMs: end }: Entry) => end > 0 && end >= windowOf(clock.now());

  function leave(entry: Entry): void {
    if (entry.place === 'active') active.delete(entry);
    else if (entry.place === 'backoff') {
      if (!backingOff.delete(entry)) failing.delete(entry);
    } else if (entry.place === 'unschedulable') unschedulable.delete(entry);
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

  function toActive(entry: Entry): void {
    leave(entry);
    entry.place = 'active';
    active.push(entry);
    wake();
  }

  function activate(entry: Entry): void {
    if (!isGated(entry)) toActive(entry);
  }

  /** Active, once the back-off is over. */
  function proceed(entry: Entry): void {
    if (!isBackingOff(entry)) {
      activate(entry);
      return;
    }
    if (isGated(entry)) return;
    leave(entry);
    entry.place = 'backoff';
    (entry.errors > 0 ? failing : backingOff).push(entry);
    planFlush();
    wake();
  }

  function goOn(entry: Entry, pace: Pace): void {
    if (pace === 'now') activate(entry);
    else if (pace === 'later') proceed(entry);
  }

  function planFlush(): void {
    const ends = [backingOff.peek(), failing.peek()].flatMap((entry) => entry?.backoffEndMs ?? []);
    if (ends.length === 0) return;
    const atMs = Math.min(...ends) + windowMs;
    if (flush !== undefined && flush.atMs <= atMs) return;
    flush?.timer.cancel();
    const timer = clock.setTimeout(() => {
      flush = undefined;
      for (const heap of [backingOff, failing])
        for (let first = heap.peek(); first !== undefined && !isBackingOff(first); first = heap.peek())
          toActive(first);
      planFlush();
    }, atMs - clock.now());
    flush = { timer, atMs };
  }

  function planSweep(): void {
    sweep ??= clock.setTimeout(() => {
      sweep = undefined;
      const limit = clock.now() - maxUnschedulableMs;
      for (const entry of [...unschedulable]) if (entry.timestampMs < limit) proceed(entry);
      if (unschedulable.size > 0) planSweep();
    }, sweepMs);
  }

  /** Whether an event may help a Pod. Where a plugin waits for something on its way, there is no back-off. */
  function paceAfter({ info, refusedBy, pendingBy }: Entry, event: ClusterEvent): Pace {
    if (refusedBy.size + pendingBy.size === 0 || interests === undefined) return 'later';
    const cares = (plugin: string) => isInteresting(interests(plugin, info), info, event);
    for (const plugin of pendingBy) if (cares(plugin)) return 'now';
    for (const plugin of refusedBy) if (cares(plugin)) return 'later';
    return 'no';
  }

  /** How a Pod that was just refused goes on, by what happened meanwhile. */
  function paceAfterAttempt(entry: Entry): Pace {
    if (entry.refusedBy.size + entry.pendingBy.size === 0) return 'later';
    const events = inFlight.since(entry.info.key);
    if (events === undefined) return 'later';
    let pace: Pace = entry.wanted ? 'later' : 'no';
    for (const event of events) {
      const next = paceAfter(entry, event);
      if (next === 'now') return next;
      if (next === 'later') pace = next;
    }
    return pace;
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
        backoff: backingOff.size + failing.size,
        unschedulable: unschedulable.size,
        gated: gated.size,
      };
    },
    set(info, change) {
      const known = entries.get(info.key);
      if (known !== undefined && known.info.pod.metadata.uid === info.pod.metadata.uid) {
        const heap = [active, backingOff, failing].find((one) => one.has(known));
        const reorder = known.info.priority !== info.priority && heap?.delete(known) === true;
        known.info = info;
        if (reorder) heap?.push(known);
        if (known.place === 'gated') activate(known);
        else if (change !== undefined) {
          if (known.place === 'unschedulable') goOn(known, paceAfter(known, change));
          else if (known.place === 'inFlight') inFlight.record(change, info.key);
        }
        return;
      }
      if (known !== undefined) {
        leave(known);
        inFlight.end(info.key);
      }
      const entry: Entry = {
        info,
        timestampMs: clock.now(),
        order: order++,
        attempts: 0,
        place: 'inFlight',
        refusals: 0,
        errors: 0,
        refusedBy: nobody,
        pendingBy: nobody,
        gatedBy: undefined,
        wanted: false,
        backoffEndMs: 0,
      };
      entries.set(info.key, entry);
      activate(entry);
    },
    remove(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      leave(entry);
      inFlight.end(key);
      entries.delete(key);
    },
    take() {
      // Nobody to be kept waiting: what backs off from a refusal may try early, what failed may not.
      const entry = active.pop() ?? backingOff.pop();
      if (entry === undefined) return undefined;
      entry.place = 'inFlight';
      entry.attempts++;
      entry.wanted = false;
      inFlight.begin(entry.info.key);
      return entry;
    },
    done(key) {
      const entry = entries.get(key);
      if (entry?.place !== 'inFlight') return;
      inFlight.end(key);
      entries.delete(key);
    },
    settled: (key) => inFlight.end(key),
    refused(key, verdict) {
      const entry = entries.get(key);
      if (entry?.place !== 'inFlight') return;
      const rejected = 'error' in verdict ? undefined : verdict;
      entry.refusedBy = rejected?.refusedBy ?? nobody;
      entry.pendingBy = rejected?.pendingBy ?? nobody;
      // Without anybody who could change his mind it is as good as an error: no event would tell when to try again.
      if (entry.refusedBy.size + entry.pendingBy.size === 0) entry.errors++;
      else {
        entry.errors = 0;
        entry.refusals++;
      }
      // Those that were tried of late go behind the others.
      entry.timestampMs = clock.now();
      entry.order = order++;
      entry.backoffEndMs = backoffEndMs(entry);
      const pace = paceAfterAttempt(entry);
      inFlight.end(key);
      if (pace !== 'no') {
        goOn(entry, pace);
        return;
      }
      entry.place = 'unschedulable';
      unschedulable.add(entry);
      planSweep();
    },
    event(event, among) {
      inFlight.record(event);
      if (unschedulable.size > 0)
        for (const entry of [...unschedulable])
          if (among === undefined || among(entry.info)) goOn(entry, paceAfter(entry, event));
      if (gated.size > 0)
        for (const entry of [...gated])
          if ((among === undefined || among(entry.info)) && frees(entry, event)) proceed(entry);
    },
    activate(key) {
      const entry = entries.get(key);
      if (entry?.place === 'inFlight') entry.wanted = true;
      else if (entry !== undefined && entry.place !== 'active') activate(entry);
    },
    recheck(key) {
      const entry = entries.get(key);
      if (entry?.place === 'gated') activate(entry);
    },
  };
}
