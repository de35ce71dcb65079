import { formatTime, type KubeObject } from '@drydock/base/apimachinery';
import { Event } from '@drydock/api/core/v1';
import type { Client } from '../client/index.ts';
import type { ControllerDeps, EventRecorder } from './types.ts';

/** Events remembered for counting repeats. */
const maxRemembered = 4096;
/** Events on their way at once; more are dropped, as an event is worth less than the work it tells of. */
const maxPending = 5000;

interface Remembered {
  name: string;
  namespace: string;
  count: number;
}

/**
 * Records Events in the background, one after another for each kind of event: the first is created, repeats raise its
 * count. `host` is the node for kubelets.
 */
export function createEventRecorder(
  client: Client,
  component: string,
  deps: Pick<ControllerDeps, 'clock' | 'logger'>,
  options: { host?: string } = {},
): EventRecorder {
  const { clock, logger } = deps;
  const seen = new Map<string, Remembered>();
  let pending = 0;
  let sequence = 0;

  async function record(about: KubeObject, type: string, reason: string, message: string): Promise<void> {
    const { name = '', namespace, uid = '', resourceVersion } = about.metadata;
    const now = formatTime(clock.now());
    const identity = [uid, type, reason, message].join('\u0000');
    const known = seen.get(identity);
    const home = namespace ?? 'default';
    const events = client.resource(Event).namespace(home);
    if (known !== undefined) {
      known.count++;
      try {
        await events.patch(known.name, { type: 'merge', body: { count: known.count, lastTimestamp: now } });
        return;
      } catch {
        // The event has expired or was deleted: a new one begins.
        seen.delete(identity);
      }
    }
    const suffix = (Math.floor(clock.now() * 1e6) + sequence++).toString(16);
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${suffix}`, namespace: home },
      involvedObject: {
        kind: about.kind ?? '',
        apiVersion: about.apiVersion ?? '',
        name,
        uid,
        ...(namespace === undefined ? {} : { namespace }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      reason,
      message,
      type,
      source: options.host === undefined ? { component } : { component, host: options.host },
      reportingComponent: component,
      reportingInstance: options.host ?? '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      eventTime: null,
    };
    if (seen.size >= maxRemembered) seen.clear();
    seen.set(identity, { name: event.metadata.name, namespace: home, count: 1 });
    await events.create(event as unknown as Event);
  }

  return {
    event(about, type, reason, message) {
      if (pending >= maxPending) return;
      pending++;
      record(about, type, reason, message)
        .catch((err: unknown) => logger.debug('an event could not be recorded', { reason, err }))
        .finally(() => pending--);
    },
  };
}
