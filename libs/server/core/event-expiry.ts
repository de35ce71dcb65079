import { isConflict, isNotFound, splitKey, tryParseTime, type KubeObject } from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { WatchCache } from '../watch-cache/index.ts';

const events = { group: '', resource: 'events' };
/** How often expired events are looked for: no event stays this much longer than it may. */
const sweepMs = 10_000;
const concurrency = 64;

export interface EventExpiryDeps {
  readonly cache: WatchCache;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an event is kept after it was last written. */
  readonly ttlMs: number;
}

/** When an event that was there before this server was last written, as far as it says. */
function lastWritten(event: KubeObject): number | undefined {
  const { metadata, lastTimestamp, series } = event as KubeObject & {
    lastTimestamp?: string;
    series?: { lastObservedTime?: string };
  };
  const times = [metadata.creationTimestamp, lastTimestamp, series?.lastObservedTime]
    .map((text) => tryParseTime(text ?? ''))
    .filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Removes events some time after they were last written. Returns its end. */
export function expireEvents({ cache, transport, clock, logger, ttlMs }: EventExpiryDeps): () => void {
  /** When each was last written, the longest ago first. */
  const written = new Map<string, number>();
  const present = cache
    .items(events)
    .map(({ object, key }) => [key, lastWritten(object) ?? clock.now()] as const);
  for (const [key, time] of present.toSorted(([, a], [, b]) => a - b)) written.set(key, time);
  const unfollow = cache.onChange(events, ({ current, previous }) => {
    const key = current?.key ?? previous?.key;
    if (key === undefined) return;
    written.delete(key);
    if (current !== undefined) written.set(key, clock.now());
  });

  async function remove(key: string): Promise<void> {
    const found = cache.peek(events, key);
    if (found === undefined) return;
    const { namespace, name } = splitKey(key);
    try {
      await transport.delete(
        { ...events, version: 'v1', ...(namespace === undefined ? {} : { namespace }), name },
        // Not one that has been written again meanwhile.
        { preconditions: { resourceVersion: String(found.revision) } },
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function sweep(): Promise<void> {
    const before = clock.now() - ttlMs;
    const due: string[] = [];
    for (const [key, time] of written) {
      if (time > before) break;
      due.push(key);
    }
    for (let start = 0; start < due.length; start += concurrency)
      await Promise.all(due.slice(start, start + concurrency).map(remove));
  }

  let stopped = false;
  let timer: Timer;
  const next = (): void => {
    timer = clock.setTimeout(() => {
      void sweep()
        .catch((err: unknown) => logger.warn('expired events could not be removed', { err }))
        .finally(() => {
          if (!stopped) next();
        });
    }, sweepMs);
  };
  next();
  return () => {
    stopped = true;
    timer.cancel();
    unfollow();
  };
}
