import type { PriorityLevelConfiguration } from '@drydock/api/flowcontrol/v1';
import type { Clock } from '@drydock/base/clock';
import type { WatchCache } from '../watch-cache/index.ts';
import { FairQueues } from './fair-queues.ts';
import { divideSeats, type LevelLimits } from './level-limits.ts';

export const priorityLevels = {
  group: 'flowcontrol.apiserver.k8s.io',
  resource: 'prioritylevelconfigurations',
};

/** Why a request is refused. */
export type RejectReason = 'concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled';

/** The server has no place for a request at the moment. */
export class TooManyRequests extends Error {
  readonly reason: RejectReason;

  constructor(reason: RejectReason) {
    super('Too many requests, please try again later.');
    this.reason = reason;
  }
}

interface Waiting {
  readonly start: () => void;
}

/** How long a request waits: a quarter of the time that requests have. */
const longestWaitMs = 15_000;

const unlimited: LevelLimits = { nominal: Infinity, least: Infinity, most: Infinity, queuing: undefined };

/** One priority level: the requests of it that are served and those that wait. */
export class PriorityLevel {
  readonly name: string;
  readonly #limiter: Limiter;
  #limits: LevelLimits = unlimited;
  #queues: FairQueues<Waiting> | undefined;
  #used = 0;

  constructor(name: string, limiter: Limiter) {
    this.name = name;
    this.#limiter = limiter;
  }

  get limits(): LevelLimits {
    return this.#limits;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#queues?.size ?? 0;
  }

  /** Of what others cannot borrow, what it does not use. */
  get reserved(): number {
    return Math.max(0, this.#limits.least - this.#used);
  }

  set limits(limits: LevelLimits) {
    const same = JSON.stringify(limits.queuing) === JSON.stringify(this.#limits.queuing);
    this.#limits = limits;
    // Those that wait go on where they are; new queues are used when the old ones are empty.
    if (!same && this.waiting === 0) this.#queues = undefined;
  }

  /** Begins a request where there is place, and nobody waits for it. `leave` ends it. */
  tryEnter(): boolean {
    return this.waiting === 0 && this.#tryStart();
  }

  /**
   * Waits for a request to begin.
   * @param flow tells apart who share the level
   * @throws TooManyRequests, later
   */
  enter(flow: string, signal: AbortSignal): Promise<void> {
    const { queuing } = this.#limits;
    if (queuing === undefined) return Promise.reject(new TooManyRequests('concurrency-limit'));
    const queues = (this.#queues ??= new FairQueues(queuing));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', cancel);
      };
      const give = (reason: RejectReason): void => {
        queues.remove(waiting);
        settle();
        reject(new TooManyRequests(reason));
      };
      const cancel = (): void => give('cancelled');
      const waiting: Waiting = {
        start: () => {
          settle();
          resolve();
        },
      };
      if (!queues.put(flow, waiting)) {
        reject(new TooManyRequests('queue-full'));
        return;
      }
      const timer = this.#limiter.clock.setTimeout(() => give('time-out'), longestWaitMs);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  leave(): void {
    this.#used--;
    if (this.#limits !== unlimited) this.#limiter.left(this);
  }

  /** Starts the one that is next, where there is place. */
  startNext(): boolean {
    if (this.waiting === 0 || !this.#tryStart()) return false;
    this.#queues!.take()!.start();
    return true;
  }

  #tryStart(): boolean {
    if (this.#used >= this.#limits.least && !this.#limiter.mayBorrow(this)) return false;
    this.#used++;
    return true;
  }
}

export interface LimiterDeps {
  readonly cache: WatchCache;
  readonly clock: Clock;
  /** What the server serves at once. */
  readonly seats: number;
}

/**
 * The priority levels of the cache. Each is sure of what it does not lend; the rest belongs to whoever is there, up to what
 * each may borrow, those first that are below their share.
 */
export class Limiter {
  readonly clock: Clock;
  readonly #cache: WatchCache;
  readonly #seats: number;
  readonly #levels = new Map<string, PriorityLevel>();
  #current = false;

  constructor({ cache, clock, seats }: LimiterDeps) {
    this.clock = clock;
    this.#cache = cache;
    this.#seats = seats;
    cache.onChange(priorityLevels, () => {
      this.#current = false;
      if ([...this.#levels.values()].some(({ waiting }) => waiting > 0)) this.#refresh();
    });
  }

  /** All levels, with the limits that are theirs now. */
  levels(): readonly PriorityLevel[] {
    if (!this.#current) this.#refresh();
    return [...this.#levels.values()];
  }

  /** The level of this name. One that is not there, or is exempt, has no limits. */
  level(name: string): PriorityLevel {
    if (!this.#current) this.#refresh();
    let level = this.#levels.get(name);
    if (level === undefined) this.#levels.set(name, (level = new PriorityLevel(name, this)));
    return level;
  }

  /** Whether a level that has used up what it is sure of may have one more. */
  mayBorrow(level: PriorityLevel): boolean {
    if (level.used >= level.limits.most) return false;
    let taken = 1;
    for (const other of this.#levels.values()) {
      if (other.limits === unlimited) continue;
      taken += other.used + (other === level ? 0 : other.reserved);
    }
    return taken <= Math.max(this.#seats, 1);
  }

  /** A request is over: another one may begin. */
  left(level: PriorityLevel): void {
    if (level.waiting > 0 && level.used < level.limits.nominal && level.startNext()) return;
    this.#startWaiting();
  }

  #startWaiting(): void {
    const waiting = [...this.#levels.values()].filter((one) => one.waiting > 0);
    if (waiting.length === 0) return;
    const below = (one: PriorityLevel): number => one.used / Math.max(1, one.limits.nominal);
    for (;;) {
      waiting.sort((a, b) => below(a) - below(b));
      if (!waiting.some((one) => one.startNext())) return;
    }
  }

  #refresh(): void {
    this.#current = true;
    const objects = this.#cache
      .items(priorityLevels)
      .map(({ object }) => object as unknown as PriorityLevelConfiguration);
    const limits = divideSeats(objects, this.#seats);
    for (const name of limits.keys())
      if (!this.#levels.has(name)) this.#levels.set(name, new PriorityLevel(name, this));
    for (const [name, level] of this.#levels) {
      level.limits = limits.get(name) ?? unlimited;
    }
    this.#startWaiting();
  }
}
