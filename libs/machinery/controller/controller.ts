import { isTerminal, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { createWorkQueue } from '../workqueue/index.ts';
import type { Controller, ControllerDeps, ControllerOptions, ControllerSource } from './types.ts';

/** Declares a source with its type checked. */
export function source<T extends KubeObject>(
  type: ResourceType<T>,
  keys: (object: T, change: { previous?: T; deleted: boolean }) => readonly string[],
): ControllerSource {
  return { type, keys } as unknown as ControllerSource;
}

/**
 * A control loop: events of its sources become keys in a queue, workers reconcile them. A failed key comes again with
 * back-off; a TerminalError is only logged. Nothing that a reconcile throws ends the loop.
 */
export function createController(options: ControllerOptions, deps: ControllerDeps): Controller {
  const { name, sources, reconcile, workers = 5 } = options;
  const { informers, clock, metrics } = deps;
  const logger = deps.logger.child({ controller: name });
  const queue = createWorkQueue({ clock, metrics, name });

  async function work(signal: AbortSignal): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        const result = signal.aborted ? undefined : await reconcile(key, signal);
        if (result?.requeue === true) queue.addRateLimited(key);
        else queue.forget(key);
        if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
      } catch (err) {
        if (!signal.aborted) {
          if (isTerminal(err)) logger.error('reconcile failed for good', { key, err });
          else {
            logger.debug('reconcile failed; trying again', { key, err });
            queue.addRateLimited(key);
          }
        }
      } finally {
        queue.done(key);
      }
    }
  }

  return {
    name,
    enqueue(key, afterMs) {
      if (afterMs === undefined) queue.add(key);
      else queue.addAfter(key, afterMs);
    },
    async run(signal) {
      const removers: (() => void)[] = [];
      try {
        const watched = sources.map((one) => ({ one, informer: informers.informer(one.type) }));
        await Promise.all(watched.map(({ informer }) => informer.waitForSync(signal)));
        for (const { one, informer } of watched) {
          const add = (keys: readonly string[]) => keys.forEach((key) => queue.add(key));
          removers.push(
            informer.addHandler({
              added: (object) => add(one.keys(object, { deleted: false })),
              updated: (object, previous) => add(one.keys(object, { previous, deleted: false })),
              deleted: (object) => add(one.keys(object, { deleted: true })),
            }),
          );
        }
        signal.addEventListener('abort', () => queue.shutDown(), { once: true });
        if (signal.aborted) queue.shutDown();
        await Promise.all(Array.from({ length: workers }, () => work(signal)));
      } catch (err) {
        if (!signal.aborted) throw err;
      } finally {
        removers.forEach((remove) => remove());
      }
    },
  };
}
