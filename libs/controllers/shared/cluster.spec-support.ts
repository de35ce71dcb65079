import { formatTime, objectKey, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock, type VirtualClock } from '@drydock/base/clock';
import { Event, Namespace, Pod } from '@drydock/api/core/v1';
import { createClient, type Client } from '@drydock/machinery/client';
import type { ControllerDeps, ControllerFactory } from '@drydock/machinery/controller';
import { createInformerFactory } from '@drydock/machinery/informer';
import { silentLogger, type Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { createInProcessTransport, createRegistry } from '@drydock/server/registry';
import { allDefinitions } from '@drydock/server/resources';
import { createWatchCache } from '@drydock/server/watch-cache';
import { createMemoryStore } from '@drydock/store-memory';
import { createCountingMetrics, type CountingMetrics } from './counting-metrics.spec-support.ts';

export interface TestCluster {
  readonly client: Client;
  readonly transport: Transport;
  readonly clock: VirtualClock;
  readonly deps: ControllerDeps;
  /** Everything that was logged as an error. */
  readonly errors: string[];
  readonly counted: CountingMetrics['counted'];
  readonly measured: CountingMetrics['measured'];
  /** Starts a loop; the function returned ends it. */
  run(factory: ControllerFactory): () => Promise<void>;
  /** Plays the kubelets: Pods get a node, run and become ready, and go when they are deleted. Returns its end. */
  kubelet(options?: { ready?: (pod: Pod) => boolean }): () => void;
  /** Resolves when `condition` holds, advancing time in small steps if waiting for the loops to settle is not enough. */
  until(condition: () => boolean | Promise<boolean>, limitMs?: number): Promise<void>;
  /** Lets everything happen that can without time passing. */
  settle(): Promise<void>;
  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): Promise<T[]>;
  /** `type reason message` of the events about `name`, oldest first; with their count where it is above one. */
  events(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** The real API server core over the memory store under a virtual clock, with the namespace `default`. */
export async function startCluster(
  options: { transport?: (real: Transport) => Transport } = {},
): Promise<TestCluster> {
  const clock = createVirtualClock({ startMs: Date.parse('2026-01-01T00:00:00Z') });
  const random = createSeededRandom(7);
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) => void errors.push(`${message}: ${String(fields?.['err'])}`),
    child: () => logger,
  };
  const store = createMemoryStore();
  const cache = createWatchCache({ store, clock, logger: silentLogger });
  const registry = createRegistry({ definitions: allDefinitions, store, cache, clock, random });
  await cache.start();
  const real = createInProcessTransport(registry, { name: 'tester', groups: ['system:masters'] });
  const transport = options.transport?.(real) ?? real;
  const client = createClient(transport);
  const informers = createInformerFactory(client, { clock, random, logger });
  const { metrics, counted, measured } = createCountingMetrics();
  const deps: ControllerDeps = { client, informers, clock, random, logger, metrics };
  const stops = new Set<() => Promise<void> | void>();
  informers.start();

  const settle = async () => {
    for (let round = 0; round < 12; round++) await clock.advance(0);
  };

  const cluster: TestCluster = {
    client,
    transport,
    clock,
    deps,
    errors,
    counted,
    measured,
    run(factory) {
      const stopper = new AbortController();
      const running = factory(deps).run(stopper.signal);
      const stop = async () => {
        stops.delete(stop);
        stopper.abort(new Error('stopped'));
        await running;
      };
      stops.add(stop);
      return stop;
    },
    kubelet(kubeletOptions = {}) {
      const { ready = () => true } = kubeletOptions;
      const pods = client.resource(Pod);
      const look = (pod: Pod) => {
        const { namespace = '', name = '', deletionTimestamp } = pod.metadata;
        if (deletionTimestamp)
          void pods
            .namespace(namespace)
            .delete(name, { gracePeriodSeconds: 0 })
            .catch(() => undefined);
        else if (!pod.status?.podIP) {
          const octet = Number(pod.metadata.resourceVersion) % 250;
          const now = formatTime(clock.now());
          const status = ready(pod) ? 'True' : 'False';
          const body = {
            status: {
              phase: 'Running',
              podIP: `10.0.0.${octet}`,
              podIPs: [{ ip: `10.0.0.${octet}` }],
              startTime: now,
              conditions: [{ type: 'Ready', status, lastTransitionTime: now }],
            },
          };
          void pods
            .namespace(namespace)
            .patch(name, { type: 'merge', body }, { subresource: 'status' })
            .catch(() => undefined);
        }
      };
      const stop = deps.informers.informer(Pod).addHandler({ added: look, updated: look });
      stops.add(stop);
      return stop;
    },
    async until(condition, limitMs = 60_000) {
      const end = clock.now() + limitMs;
      for (;;) {
        await settle();
        if (await condition()) return;
        if (clock.now() >= end) throw new Error(`condition not met; errors: ${errors.join('\n')}`);
        await clock.advance(50);
      }
    },
    settle,
    list: async (type, namespace) => {
      const resource = client.resource(type);
      return (await (namespace === undefined ? resource : resource.namespace(namespace)).list()).items;
    },
    async events(name) {
      const { items } = await client.resource(Event).list();
      return items
        .filter((event) => event.involvedObject.name === name)
        .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map(
          ({ type, reason, message, count = 1 }) =>
            `${type} ${reason} ${message}${count > 1 ? ` (x${count})` : ''}`,
        );
    },
    async stop() {
      for (const stop of stops) await stop();
      await informers.stop();
      await cache.stop();
      await store.close();
    },
  };
  await client.resource(Namespace).create(namespaceNamed('default'));
  return cluster;
}

export function namespaceNamed(name: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** A Pod template with one container and these labels. */
export function podTemplate(labels: Record<string, string>, image = 'nginx') {
  return { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } };
}

export function keys(objects: readonly KubeObject[]): string[] {
  return objects.map(objectKey).sort();
}
