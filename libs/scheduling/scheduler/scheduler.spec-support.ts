import { Event, Namespace, Node, Pod } from '@drydock/api/core/v1';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import { createInProcessTransport, createRegistry } from '@drydock/server/registry';
import { allDefinitions } from '@drydock/server/resources';
import { createWatchCache } from '@drydock/server/watch-cache';
import { createMemoryStore } from '@drydock/store-memory';
import { afterEach } from 'vitest';
import { node, pod, type NodeShape, type PodShape } from '../framework/testing.spec-support.ts';
import { createScheduler, type SchedulerOptions } from './scheduler.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A scheduler over the real API server core under a virtual clock, with the namespace `default`. */
export async function start(options: SchedulerOptions = {}) {
  const clock = createVirtualClock({ startMs: Date.parse('2026-01-01T00:00:00Z') });
  const random = createSeededRandom(7);
  const store = createMemoryStore();
  const cache = createWatchCache({ store, clock, logger: silentLogger });
  const registry = createRegistry({ definitions: allDefinitions, store, cache, clock, random });
  await cache.start();
  const client = createClient(
    createInProcessTransport(registry, { name: 'tester', groups: ['system:masters'] }),
  );
  const informers = createInformerFactory(client, { clock, random, logger: silentLogger });
  const scheduler = createScheduler(options, {
    client,
    informers,
    clock,
    random,
    logger: silentLogger,
    metrics: noMetrics,
  });
  await client
    .resource(Namespace)
    .create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } } as Namespace);
  informers.start();
  const starting = scheduler.start();
  const settle = async () => {
    for (let round = 0; round < 20; round++) await clock.advance(1);
  };
  await settle();
  await starting;
  stops.push(async () => {
    await scheduler.stop();
    await informers.stop();
    await store.close();
  });
  const pods = client.resource(Pod).namespace('default');
  return {
    client,
    clock,
    scheduler,
    settle,
    pods,
    async addNode(name: string, shape?: NodeShape) {
      const { status, ...rest } = node(name, shape);
      const made = await client
        .resource(Node)
        .create({ ...rest, metadata: { name, labels: rest.metadata.labels } } as Node);
      await client.resource(Node).updateStatus({ ...made, status } as Node);
      await settle();
    },
    async add(shape: PodShape) {
      const { metadata, ...rest } = pod({
        ...shape,
        containers: shape.containers ?? [
          { name: 'c', image: 'i', ...(shape.requests && { resources: { requests: shape.requests } }) },
        ],
      });
      await pods.create({ ...rest, metadata: { name: metadata.name, labels: metadata.labels } } as Pod);
      await settle();
    },
    where: async (name: string) => (await pods.get(name)).spec?.nodeName,
    condition: async (name: string) =>
      (await pods.get(name)).status?.conditions?.find(({ type }) => type === 'PodScheduled'),
    events: async (name: string) =>
      (await client.resource(Event).namespace('default').list()).items
        .filter(({ involvedObject }) => involvedObject?.name === name)
        .map(({ type, reason, message }) => `${type} ${reason} ${message}`),
  };
}
