import { formatTime, isAlreadyExists, isNotFound } from '@drydock/base/apimachinery';
import { Event } from '@drydock/api/core/v1';
import type { Client } from '../client/index.ts';
import { createEventCorrelator, lru, type Occurrence } from './event-correlator.ts';
import type { ControllerDeps, EventRecorder } from './types.ts';

export interface EventRecorderOptions {
  /** The node, for kubelets. Default: none. */
  host?: string;
  /** Events on their way to the server; beyond it new ones are dropped, an event being worth less than the work. Default 1000. */
  maxPending?: number;
}

/** An Event that was written, to be counted up. */
interface Written {
  readonly name: string;
  readonly firstTimestamp: string;
  count: number;
}

const attempts = 3;
const retryDelayMs = 1000;

/**
 * Records core/v1 Events in the background under `component`, aggregated as client-go's recorder does: the same event
 * again raises `count` and `lastTimestamp`. Writes that fail are tried a few times, then logged and dropped.
 */
export function createEventRecorder(
  client: Client,
  component: string,
  deps: Pick<ControllerDeps, 'clock' | 'logger'>,
  options: EventRecorderOptions = {},
): EventRecorder {
  const { clock, logger } = deps;
  const { host, maxPending = 1000 } = options;
  const correlator = createEventCorrelator(clock);
  const written = lru<Written>(4096);
  /** The write in progress of each identity: a count is never raised before its Event is created. */
  const inProgress = new Map<string, Promise<void>>();
  let pending = 0;
  let lastStamp = 0;

  /** Nanoseconds as in Kubernetes' event names, made strictly increasing. */
  const stamp = (): string => {
    lastStamp = Math.max(Math.floor(clock.now() * 1000), lastStamp + 1);
    return (BigInt(lastStamp) * 1000n).toString(16);
  };

  const write = async (
    key: string,
    occurrence: Occurrence,
    message: string,
    annotations?: Record<string, string>,
  ) => {
    const { about } = occurrence;
    const { name = '', namespace, uid, resourceVersion } = about.metadata;
    const eventNamespace = namespace || 'default';
    const events = client.resource(Event).namespace(eventNamespace);
    const now = formatTime(clock.now());
    const known = written.get(key);
    if (known) {
      const count = known.count + 1;
      try {
        await events.patch(known.name, { type: 'strategic', body: { count, lastTimestamp: now, message } });
        known.count = count;
        written.set(key, known);
        return;
      } catch (err) {
        // It has expired: begin again with the count that was reached.
        if (!isNotFound(err)) throw err;
      }
    }
    const made: Written = {
      name: `${name}.${stamp()}`,
      firstTimestamp: known?.firstTimestamp ?? now,
      count: (known?.count ?? 0) + 1,
    };
    await events.create({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: made.name, namespace: eventNamespace, ...(annotations ? { annotations } : {}) },
      involvedObject: {
        kind: about.kind ?? '',
        ...(namespace ? { namespace } : {}),
        name,
        ...(uid === undefined ? {} : { uid }),
        apiVersion: about.apiVersion ?? '',
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(occurrence.fieldPath === '' ? {} : { fieldPath: occurrence.fieldPath }),
      },
      reason: occurrence.reason,
      message,
      source: host === undefined ? { component } : { component, host },
      firstTimestamp: made.firstTimestamp,
      lastTimestamp: now,
      count: made.count,
      type: occurrence.type,
      reportingComponent: component,
      reportingInstance: host ?? '',
    } as Event);
    written.set(key, made);
  };

  const persist = async (
    key: string,
    occurrence: Occurrence,
    message: string,
    annotations?: Record<string, string>,
  ) => {
    for (let left = attempts; ; left--) {
      try {
        return await write(key, occurrence, message, annotations);
      } catch (err) {
        // A refusal (namespace gone or going, invalid) will be a refusal again.
        const code = (err as { code?: unknown }).code;
        const refused =
          typeof code === 'number' && code >= 400 && code < 500 && code !== 429 && !isAlreadyExists(err);
        if (refused || left <= 1) {
          logger.debug('event was not recorded', { err, reason: occurrence.reason });
          return;
        }
        await clock.sleep(retryDelayMs);
      }
    }
  };

  return {
    event(about, type, reason, message, eventOptions = {}) {
      const occurrence = { about, type, reason, message, fieldPath: eventOptions.fieldPath ?? '' };
      const correlated = correlator.correlate(occurrence);
      if (!correlated || pending >= maxPending) return;
      pending++;
      const { key } = correlated;
      const before = inProgress.get(key) ?? Promise.resolve();
      const now: Promise<void> = before
        .then(() => persist(key, occurrence, correlated.message, eventOptions.annotations))
        .finally(() => {
          pending--;
          if (inProgress.get(key) === now) inProgress.delete(key);
        });
      inProgress.set(key, now);
    },
    async flush() {
      while (inProgress.size > 0) await Promise.all(inProgress.values());
    },
  };
}
