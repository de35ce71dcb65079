import type { KubeObject, ResourceType } from '@drydock/base/apimachinery';
import type { Client } from '../client/index.ts';
import { createInformer, type InformerDeps, type RunnableInformer } from './informer.ts';
import type { Informer, InformerFactory, InformerOptions } from './types.ts';

/** Shared informers over one client. May be started again after `stop`; the copies are then brought up to date by a list. */
export function createInformerFactory(client: Client, deps: InformerDeps): InformerFactory {
  const informers = new Map<string, RunnableInformer<KubeObject>>();
  /** Ends one informer before all others. */
  const enders = new Map<RunnableInformer<KubeObject>, AbortController>();
  const running = new Set<Promise<void>>();
  let stopper: AbortController | undefined;

  const launch = (informer: RunnableInformer<KubeObject>, signal: AbortSignal) => {
    const ender = new AbortController();
    enders.set(informer, ender);
    const either = AbortSignal.any([signal, ender.signal]);
    const run: Promise<void> = informer.run(either).finally(() => running.delete(run));
    running.add(run);
  };

  return {
    informer<T extends KubeObject>(type: ResourceType<T>, options: InformerOptions<T> = {}): Informer<T> {
      const key = JSON.stringify([
        type.group,
        type.version,
        type.resource,
        options.namespace,
        options.labelSelector,
        options.fieldSelector,
      ]);
      const known = informers.get(key) as RunnableInformer<T> | undefined;
      if (known) {
        if (options.indexers) known.addIndexers(options.indexers);
        return known;
      }
      const made = createInformer(client, type, options, deps);
      informers.set(key, made as unknown as RunnableInformer<KubeObject>);
      if (stopper) launch(made as unknown as RunnableInformer<KubeObject>, stopper.signal);
      return made;
    },
    release({ group, version, resource }) {
      for (const [key, informer] of informers) {
        const { type } = informer;
        if (type.group !== group || type.version !== version || type.resource !== resource) continue;
        informers.delete(key);
        enders.get(informer)?.abort(new Error('informer released'));
        enders.delete(informer);
      }
    },
    start() {
      if (stopper) return;
      stopper = new AbortController();
      for (const informer of informers.values()) launch(informer, stopper.signal);
    },
    async waitForSync(signal) {
      await Promise.all([...informers.values()].map((informer) => informer.waitForSync(signal)));
    },
    async stop() {
      stopper?.abort(new Error('informers stopped'));
      stopper = undefined;
      await Promise.all([...running]);
    },
  };
}
