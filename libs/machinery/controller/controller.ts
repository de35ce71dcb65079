import { isConflict, isTerminal, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { createWorkQueue, type RateLimits, type WorkQueue } from '../workqueue/index.ts';
import type { Controller, ControllerDeps, ControllerOptions, ControllerSource } from './types.ts';

export interface ControllerHarnessOptions extends ControllerOptions {
  /** Back-off of failed keys. Default: the work queue's. */
  rateLimits?: RateLimits;
  /** Runs once before the first reconcile of each `run`, when the informers are in sync. */
  onStart?(signal: AbortSignal): void | Promise<void>;
}

/** Declares a watched type with its keys, so that `keys` sees the right type. */
export function source<T extends KubeObject>(
  type: ResourceType<T>,
  keys: ControllerSource<T>['keys'],
): ControllerSource {
  return { type, keys } as ControllerSource<T> as unknown as ControllerSource;
}

/**
 * The reconcile harness: events of the sources become keys, keys are handed to `reconcile` one worker a key.
 * What `reconcile` throws is logged and the key comes again with back-off; after a `TerminalError` it comes again only
 * when something changes. May be run again after it ended (a new leader term): it then starts from everything there is.
 */
export function createController(options: ControllerHarnessOptions, deps: ControllerDeps): Controller {
  const { name, reconcile, reads = [], workers = 5 } = options;
  const logger = deps.logger.child({ controller: name });
  const informers = options.sources.map((from) => ({ from, informer: deps.informers.informer(from.type) }));
  const makeQueue = () => {
    const queueOptions = { clock: deps.clock, name, metrics: deps.metrics };
    return createWorkQueue(
      options.rateLimits ? { ...queueOptions, rateLimits: options.rateLimits } : queueOptions,
    );
  };
  let queue = makeQueue();

  const listen = (into: WorkQueue) =>
    informers.map(({ from, informer }) => {
      const addAll = (keys: readonly string[]) => {
        for (const key of keys) into.add(key);
      };
      return informer.addHandler({
        added: (object) => addAll(from.keys(object, { deleted: false })),
        updated: (object, previous) => {
          addAll(from.keys(object, { previous, deleted: false }));
        },
        deleted: (object) => addAll(from.keys(object, { deleted: true })),
      });
    });

  const workOn = async (from: WorkQueue, key: string, signal: AbortSignal) => {
    try {
      const result = await reconcile(key, signal);
      if (result?.requeue) from.addRateLimited(key);
      else {
        from.forget(key);
        if (result?.requeueAfterMs !== undefined) from.addAfter(key, result.requeueAfterMs);
      }
    } catch (err) {
      if (signal.aborted) return;
      if (isTerminal(err)) {
        from.forget(key);
        logger.error('reconcile failed for good', { key, err });
        return;
      }
      // Losing a race is daily business: the cache will show the winner and the key comes again.
      if (isConflict(err)) logger.debug('reconcile met a conflict, trying again', { key });
      else logger.error('reconcile failed, trying again', { key, err, requeues: from.requeues(key) });
      from.addRateLimited(key);
    } finally {
      from.done(key);
    }
  };

  const work = async (from: WorkQueue, signal: AbortSignal) => {
    for (;;) {
      const key = await from.take();
      if (key === undefined) return;
      if (signal.aborted) from.done(key);
      else await workOn(from, key, signal);
    }
  };

  return {
    name,
    enqueue: (key, afterMs) => (afterMs === undefined ? queue.add(key) : queue.addAfter(key, afterMs)),
    async run(signal) {
      const current = queue;
      try {
        await Promise.all([
          ...informers.map(({ informer }) => informer.waitForSync(signal)),
          ...reads.map((type) => deps.informers.informer(type).waitForSync(signal)),
        ]);
        await options.onStart?.(signal);
      } catch (err) {
        if (signal.aborted) return;
        throw err;
      }
      if (signal.aborted) return;
      const stop = () => current.shutDown();
      signal.addEventListener('abort', stop, { once: true });
      const removers = listen(current);
      logger.debug('controller started', { workers });
      try {
        await Promise.all(Array.from({ length: workers }, () => work(current, signal)));
      } finally {
        for (const remove of removers) remove();
        queue = makeQueue();
        logger.debug('controller stopped');
      }
    },
  };
}
